/** What is stored with a change to an event: why, what was seen, and the proof. Keys follow spec/03 section 6. */
import { CHECKS } from '../../checks/registry.ts';
import type { Evidence, HopEvidence } from '../../domain/evidence.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { verificationEvidence } from '../../domain/verification-evidence.ts';
import type { Decided } from './decided.ts';

/** What a change is described from. */
type Described = Pick<
  Decided,
  'target' | 'observation' | 'verdict' | 'decision' | 'proof' | 'verification' | 'withdrawn'
>;

export function metadataFor({ target, observation, verdict, decision, proof, verification, withdrawn }: Described) {
  const { evidence, timings } = observation;
  const confirmed = decision.mutations.find(
    (mutation) => mutation.op === 'promote' && mutation.verification !== undefined,
  );
  return {
    reason: verdict.reason,
    summary: verdict.summary,
    advice: adviceFor(verdict),
    url: target.url,
    http_code: observation.httpCode,
    rtt_ms: timings.total === undefined ? null : Math.round(timings.total),
    ...(evidence === null ? {} : seenIn(evidence)),
    ...(confirmed?.op === 'promote' ? { verification: confirmed.verification } : {}),
    ...(decision.failing === null ? {} : { attempts: decision.failing.attempts }),
    // Nobody else could show that our network worked: the reader is to know.
    ...(proof === 'too_few' ? { references: proof } : {}),
    ...(verification === undefined ? {} : verificationEvidence(verification)),
    // Our own network came into doubt.
    ...(withdrawn === undefined ? {} : { withdrawn_because: withdrawn }),
    observation: {
      checked_at: instant(observation.startedAtMs),
      ...(decision.failing === null ? {} : { first_failed_at: instant(decision.failing.sinceMs) }),
      normal_check_interval_seconds: target.intervalMs / 1000,
    },
    // Such as the days until a certificate lapses.
    ...(verdict.details === undefined ? {} : { details: verdict.details }),
    ...(evidence === null ? {} : { evidence }),
  };
}

/** The evidence under the names that consumers of the older system know, as far as it has such names. */
function seenIn(evidence: Evidence) {
  const { error, body } = evidence;
  const last = evidence.hops.at(-1);
  return {
    error_code: evidence.error_code,
    failure_class: evidence.failure_class,
    legacy_status_type: evidence.failure_class,
    detector_class: evidence.detector_class,
    keyword_rule: evidence.keyword_rule,
    method: evidence.method,
    detection_profile: evidence.detection_profile,
    redirect_policy: evidence.redirect_policy,
    ...(error === null ? {} : { error_detail: shortened(`${error.phase} ${error.code}: ${error.detail}`) }),
    ...redirectsIn(evidence),
    ...(last?.tls ? tlsIn(last.tls) : {}),
    ...(last?.dns ? dnsIn(last.dns) : {}),
    ...(body === null || body.mode === 'skipped' ? {} : { body_read: bodyIn(body) }),
  };
}

const MAX_DETAIL_LENGTH = 500;

function shortened(text: string): string {
  return text.length > MAX_DETAIL_LENGTH ? `${text.slice(0, MAX_DETAIL_LENGTH)}...` : text;
}

function redirectsIn({ hops, final_url }: Evidence) {
  if (final_url === null) return {};
  return { redirect_count: hops.length - 1, redirect_chain: hops.map(({ url }) => url), final_url };
}

function tlsIn({ version, version_code, cipher }: NonNullable<HopEvidence['tls']>) {
  return { tls_version: version, tls_version_code: version_code, cipher_suite: cipher };
}

function dnsIn({ name, resolver, source, error_kind }: NonNullable<HopEvidence['dns']>) {
  const asked = { dns_error_server: resolver, dns_resolver_source: source };
  return error_kind === null ? {} : { dns_error_kind: error_kind, dns_error_name: name, ...asked };
}

function bodyIn({ mode, bytes_read, limit_bytes, expected_bytes }: NonNullable<Evidence['body']>) {
  return { mode, bytes_read, limit_bytes, ...(expected_bytes === undefined ? {} : { expected_bytes }) };
}

function adviceFor(verdict: Verdict): string {
  return CHECKS.find((check) => check.type === verdict.check)?.findings[verdict.reason]?.advice ?? '';
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
