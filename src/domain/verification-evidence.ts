/** What is kept of a verification with a transition. */
import { fitText } from '../lib/text.ts';
import type { Verification, Vote } from './verification.ts';

/** Votes that are kept; what the configuration allows is no more. */
const MAX_VOTES = 32;
const MAX_NAME = 100;
const MAX_CODE = 64;
const MAX_DURATION_MS = 2 ** 31 - 1;

/**
 * Plain JSON of bounded size under names that spec/03 section 6 gives them where it does. Texts are cut and well-formed;
 * they may be a stranger's, and are escaped where they are shown.
 */
export function verificationEvidence(verification: Verification) {
  const { requestId, outcome, votes, quorum, regions, downRegions } = verification;
  const counted = votes.filter(({ quarantined }) => !quarantined);
  const number = (says: Vote['says']) => counted.filter((vote) => vote.says === says).length;
  return {
    verifier_request_id: fitText(requestId, MAX_NAME),
    verifier_outcome: outcome,
    verifier_quorum: quorum,
    verifier_regions: regions,
    verifier_down_regions: downRegions.slice(0, MAX_VOTES).map((region) => fitText(region, MAX_NAME)),
    // Verifiers, not regions, as consumers of the older system count them.
    verifier_healthy: number('down') + number('up'),
    verifier_confirmed: number('down'),
    verifier_disagreed: number('up'),
    verifier_results: votes.slice(0, MAX_VOTES).map(resultOf),
    ...(votes.length > MAX_VOTES ? { verifier_results_omitted: votes.length - MAX_VOTES } : {}),
  };
}

export type VerificationEvidence = ReturnType<typeof verificationEvidence>;

function resultOf({ verifier, region, says, reason, failureClass, quarantined, ...seen }: Vote) {
  return {
    host: fitText(verifier, MAX_NAME),
    region: fitText(region, MAX_NAME),
    says,
    /** Null: it has no say. */
    success: says === 'none' ? null : says === 'up',
    reason: fitText(reason, MAX_CODE),
    http_code: wholeWithin(seen.httpCode, 999),
    error_code: wholeWithin(seen.errorCode, 255),
    failure_class: failureClass === null ? null : fitText(failureClass, MAX_CODE),
    rtt_ms: wholeWithin(seen.rttMs, MAX_DURATION_MS),
    took_ms: wholeWithin(seen.tookMs, MAX_DURATION_MS),
    ...(quarantined ? { quarantined } : {}),
  };
}

/** Null also for what is no number. */
function wholeWithin(value: number | null, max: number): number | null {
  if (value === null || Number.isNaN(value)) return null;
  return Math.min(Math.max(Math.round(value), 0), max);
}
