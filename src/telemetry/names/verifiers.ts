/** Metrics of verifiers: as the monitor meets them, and as one meets those who ask it. */
import { at, counter, gauge, NONE, timer } from '../metric-definition.ts';

/** Why a verifier gave no answer. */
const SILENCES = [
  'unreachable',
  'timeout',
  'unauthorized',
  'bad_signature',
  'wrong_request',
  'too_large',
  'malformed',
  'refused',
] as const;
/** More verifiers than anybody has; a label must be bounded all the same. */
const MAX_VERIFIERS = 64;

export const VERIFIER_METRICS = {
  // Verifiers, as the monitor meets them.
  verifiers_healthy: gauge(
    'jetmon_verifiers_healthy',
    'Verifiers that answer.',
    NONE,
    at('detection.verifier.healthy.count'),
  ),
  verifiers_quarantined: gauge('jetmon_verifiers_quarantined', 'Verifiers whose votes do not count.', NONE),
  verifier_quorum: gauge(
    'jetmon_verifier_quorum',
    'Regions that must agree.',
    NONE,
    at('detection.verifier.quorum.count'),
  ),
  verifier_waiting: gauge(
    'jetmon_verifier_waiting_failures',
    'Failures that wait until verifiers have room for them.',
    NONE,
  ),
  verifier_vote: counter(
    'jetmon_verifier_votes_total',
    'What verifiers said.',
    { vote: ['confirm_down', 'disagree', 'none'] },
    at('verifier.vote.{vote}.count'),
  ),
  verifier_host_vote: counter(
    'jetmon_verifier_host_votes_total',
    'What each verifier said.',
    { host: MAX_VERIFIERS, vote: ['confirm_down', 'disagree', 'none'] },
    at('verifier.host.{host}.vote.{vote}.count'),
  ),
  verifier_asked: counter(
    'jetmon_verifier_questions_total',
    'Questions for each verifier, those with known answers among them.',
    { host: MAX_VERIFIERS },
  ),
  verifier_unanswered: counter(
    'jetmon_verifier_unanswered_total',
    'Questions that a verifier did not answer, and why; `overloaded`: it was never asked.',
    { host: MAX_VERIFIERS, why: [...SILENCES, 'overloaded'] },
  ),
  verifier_rpc: counter(
    'jetmon_verifier_rpcs_total',
    'Requests to verifiers, by what came of them.',
    { host: MAX_VERIFIERS, result: ['success', ...SILENCES] },
    at('verifier.rpc.success.count', { only: { result: ['success'] } }),
    at('verifier.rpc.error.count', { only: { result: SILENCES } }),
    at('verifier.host.{host}.rpc.success.count', { only: { result: ['success'] } }),
    at('verifier.host.{host}.rpc.error.count', { only: { result: SILENCES } }),
  ),
  verifier_rpc_duration: timer(
    'jetmon_verifier_rpc_duration_seconds',
    'From a request to a verifier to its reply, or to the end of the wait for it.',
    { host: MAX_VERIFIERS },
    at('verifier.rpc.duration'),
    at('verifier.host.{host}.rpc.duration'),
  ),

  // A verifier, as it meets those who ask.
  served_request: counter('jetmon_verifier_server_requests_total', 'Requests, by what they ask for.', {
    surface: ['rpc', 'check', 'status', 'metrics', 'other'],
  }),
  served_refusal: counter(
    'jetmon_verifier_server_refusals_total',
    'Requests that were refused, and why.',
    { why: ['token', 'busy', 'stopping', 'unreadable'] },
    at('verifier.auth.rejected.count', { only: { why: ['token'] } }),
  ),
  served_look: counter(
    'jetmon_verifier_server_looks_total',
    'Looks that were asked for.',
    NONE,
    at('verifier.checks.received.count'),
  ),
  served_verdict: counter('jetmon_verifier_server_verdicts_total', 'Looks that were answered, by what they found.', {
    state: ['up', 'warning', 'degraded', 'seems_down', 'unknown', 'no_time'],
  }),
  served_batch_duration: timer(
    'jetmon_verifier_server_batch_duration_seconds',
    'From a batch of looks to what was found.',
    NONE,
    at('verifier.checks.duration.timer'),
  ),
  served_batches: gauge('jetmon_verifier_server_batches_in_flight', 'Batches that are being answered.', NONE),
  served_running: gauge('jetmon_verifier_server_looks_in_flight', 'Looks under way.', NONE),
  served_waiting: gauge('jetmon_verifier_server_looks_waiting', 'Looks that wait for their turn.', NONE),
};
