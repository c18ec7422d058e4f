/** What a look comes to in the words of a vote. Pure. */
import type { Evidence } from '../domain/evidence.ts';
import { type Observation, worstVerdict } from '../domain/verdict.ts';

export type Finding = {
  says: 'down' | 'up' | 'none';
  reason: string;
  httpCode: number | null;
  errorCode: number;
  failureClass: string | null;
  /** From the start to the head of the reply; null when it was not timed. */
  rttMs: number | null;
  /** Success as the system before this one knew it: an old TLS version is no failure there. */
  isSuccess: boolean;
};

/** Of a look that there was no time for. */
export function noFinding(): Finding {
  const nothing = { httpCode: null, errorCode: 0, failureClass: null, rttMs: null };
  return { says: 'none', reason: 'verifier_busy', ...nothing, isSuccess: false };
}

export function findingOf(observation: Observation): Finding {
  const { verdicts, evidence, httpCode, timings } = observation;
  const { state, reason } = worstVerdict(verdicts);
  const says = state === 'Seems Down' ? 'down' : state === 'Unknown' ? 'none' : 'up';
  const { total, body = 0 } = timings;
  return {
    says,
    reason,
    httpCode,
    errorCode: evidence?.error_code ?? 0,
    failureClass: evidence?.failure_class ?? 'success',
    rttMs: total === undefined ? null : Math.max(0, total - body),
    isSuccess: says === 'up' && isRawSuccess(evidence),
  };
}

/** Healthy looks bring no evidence. */
function isRawSuccess(evidence: Evidence | null): boolean {
  return evidence === null || evidence.failure_class === 'success';
}
