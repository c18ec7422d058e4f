/** What follows from a look that was not plainly healthy: each verdict is decided, and what it changes is written. */
import { type DecisionPolicy, decide } from '../domain/incident.ts';
import { clearedBySilence, type Observation, worstVerdict } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import type { AppendDecision } from './append-decision.ts';
import { NEXT_ROUND, type Target, waitOf } from './target.ts';

/** Resolves with the wait until the next look, null when the target was replaced meanwhile. Rejects when it could not be written. */
export type Settle = (target: Target, observation: Observation) => Promise<number | null>;

export function createSettle(parts: {
  append: AppendDecision;
  clock: Clock;
  policy: Omit<DecisionPolicy, 'intervalMs'>;
  /** A decision was written for a target that was replaced meanwhile: who took its place may not know of it. */
  onLateWrite(target: Target): void;
}): Settle {
  const { append, clock } = parts;
  return async (target, observation) => {
    const nowMs = clock.nowMs();
    const decidedMs = clock.monotonicMs();
    // The clock may have been set back while the probe was out; nothing was seen later than now.
    const seenAtMs = Math.min(observation.startedAtMs, nowMs);
    const policy = { ...parts.policy, intervalMs: target.intervalMs };
    const { verdicts } = observation;
    const worst = worstVerdict(verdicts);
    let waitMs = NEXT_ROUND;
    for (const verdict of [...verdicts, ...clearedBySilence(target.incidents.keys(), verdicts)]) {
      const open = target.incidents.get(verdict.check) ?? null;
      const decision = decide(open, verdict, seenAtMs, nowMs, policy);
      if (target.retired) return null;
      const kept = await append({ target, observation, verdict, decision, nowMs, speaks: verdict === worst });
      if (target.retired) {
        parts.onLateWrite(target);
        return null;
      }
      if (kept) waitMs = Math.min(waitMs, waitOf(decision.next, nowMs));
    }
    return waitMs - (clock.monotonicMs() - decidedMs);
  };
}
