/** What a look comes to in the words of a vote. Pure. */
import type { Evidence } from '../domain/evidence.ts';
import { countedVerdict, type Observation, type Verdict } from '../domain/verdict.ts';
import type { Seen } from './looks.ts';

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

/** The reason of a look whose turn did not come. */
export const VERIFIER_BUSY = 'verifier_busy';

/** The reason of a look that was not over in time. */
const VERIFIER_LATE = 'verifier_late';

export function findingOf(seen: Seen): Finding {
  return typeof seen === 'string' ? nothingFound(seen === 'no_turn' ? VERIFIER_BUSY : VERIFIER_LATE) : found(seen);
}

function nothingFound(reason: string): Finding {
  const nothing = { httpCode: null, errorCode: 0, failureClass: null, rttMs: null };
  return { says: 'none', reason, ...nothing, isSuccess: false };
}

function found(observation: Observation): Finding {
  const { verdicts, evidence, httpCode, timings } = observation;
  const worst = countedVerdict(verdicts);
  const { reason } = worst;
  const says = saysOf(worst);
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

/** A name that the resolver here does not find, while it answers others, speaks against the name: who asked has the quorum. */
function saysOf({ state, othersCanTell }: Verdict): Finding['says'] {
  if (state === 'Seems Down' || othersCanTell !== undefined) return 'down';
  return state === 'Unknown' ? 'none' : 'up';
}

/** Healthy looks bring no evidence. */
function isRawSuccess(evidence: Evidence | null): boolean {
  return evidence === null || evidence.failure_class === 'success';
}
