/**
 * The retries of a failure: when each is due and how long it may take. They do not wait for each other, so their results
 * may come in any order: each failure counts one, and any look that finds it well ends them all.
 */
import type { DecisionPolicy } from './decision-policy.ts';
import type { Failing } from './incident.ts';

export type Retry = {
  /** Which fresh look of the run it is; the first failure was 1. */
  attempt: number;
  atMs: number;
  timeoutMs: number;
};

type RetryPolicy = Pick<
  DecisionPolicy,
  'attemptsToConfirm' | 'retryOffsetsMs' | 'minRetryTimeoutMs' | 'verifiers' | 'timeoutMs' | 'usualMs'
>;

/**
 * The one after `run.attempts` failures. One that is due already is due now. Whoever starts each when it is due, though those
 * before it still hang, confirms no later than `guarantee` says.
 */
export function nextRetry(run: Failing, nowMs: number, policy: RetryPolicy): Retry {
  const attempt = run.attempts + 1;
  const knownMs = run.knownMs ?? run.sinceMs;
  const atMs = Math.max(nowMs, knownMs + retryOffsetMs(attempt, policy));
  return { attempt, atMs, timeoutMs: retryTimeoutMs(attempt, policy) };
}

/** From when the first failure was known to when this attempt, 2 or later, is due. */
export function retryOffsetMs(attempt: number, { retryOffsetsMs }: Pick<RetryPolicy, 'retryOffsetsMs'>): number {
  const last = retryOffsetsMs.at(-1) ?? 0;
  const lastGap = last - (retryOffsetsMs.at(-2) ?? 0);
  return retryOffsetsMs[attempt - 2] ?? last + lastGap * (attempt - 1 - retryOffsetsMs.length);
}

/** Where others have the last word a retry takes no more of the deadline, so that a hang is told soon after its last one. */
const SHARE_OF_DEADLINE = 0.75;

/**
 * A retry need not wait as long as a first look where we know how quick the endpoint usually is. Whoever has the last
 * word does: the verifiers, or without them the attempt that confirms.
 */
export function retryTimeoutMs(attempt: number, policy: RetryPolicy): number {
  const { attemptsToConfirm, minRetryTimeoutMs, verifiers, timeoutMs, usualMs } = policy;
  if (verifiers === 'none' && (usualMs === null || attempt >= attemptsToConfirm)) return timeoutMs;
  const mostMs = verifiers === 'none' ? timeoutMs : Math.max(minRetryTimeoutMs, SHARE_OF_DEADLINE * timeoutMs);
  const wantedMs = usualMs === null ? mostMs : Math.max(minRetryTimeoutMs, 2 * usualMs);
  return Math.min(timeoutMs, mostMs, wantedMs);
}
