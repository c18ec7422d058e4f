/** What a policy promises: how long an outage can go unreported, and how short a one nobody is ever paged for. */
import type { DecisionPolicy } from './decision-policy.ts';
import { retryOffsetMs, retryTimeoutMs } from './retries.ts';

export type Guarantee = {
  /** An outage that lasts longer is Down by then, given that verifiers agree. ms. */
  reportedAfterMs: number;
  /** One that is shorter is never Down. ms. */
  neverDownBelowMs: number;
};

/** What verifiers take on top of the deadline of the endpoint. */
const VERIFICATION_GRACE_MS = 5_000;

/**
 * Holds for whoever looks when `NextLook` says so and starts each `nextRetry` when it is due; what is
 * added by the gate (20 s at most, see witnesses.ts) and by the machine (the wheel, the prober's queue, the write, and
 * pauses, by which no deadline moves further than by itself) comes on top. Looks that are Unknown, maintenance, and a restart between the first failure and its retries are outside of it.
 */
export function guarantee(policy: DecisionPolicy): Guarantee {
  const { attemptsToConfirm, intervalMs, timeoutMs, verifiers } = policy;
  // One look may have begun just before the outage and find nothing. The next keeps its place in the round after it.
  const untilFirstLookMs = intervalMs * (Math.floor(timeoutMs / intervalMs) + 1);
  let untilConfirmedMs = 0;
  for (let attempt = 2; attempt <= attemptsToConfirm; attempt += 1) {
    untilConfirmedMs = Math.max(untilConfirmedMs, retryOffsetMs(attempt, policy) + retryTimeoutMs(attempt, policy));
  }
  const untilVerifiedMs = verifiers === 'none' ? 0 : timeoutMs + VERIFICATION_GRACE_MS;
  return {
    reportedAfterMs: untilFirstLookMs + timeoutMs + untilConfirmedMs + untilVerifiedMs,
    // The last look of ours that must fail begins this long after the first was over.
    neverDownBelowMs: attemptsToConfirm < 2 ? 0 : retryOffsetMs(attemptsToConfirm, policy),
  };
}
