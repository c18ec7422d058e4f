/**
 * Which failures are weak evidence, so that they are confirmed before anybody is told: a name without an address, and,
 * for a while after a recovery or a false alarm, whatever is no more than a connection that did not come about.
 */
import { type DecisionPolicy, type Span, spanMs } from './decision-policy.ts';
import type { Quiet, Recent } from './incident.ts';
import type { FailureShape } from './verdict.ts';

/** Null: it is told at once. The time after a false alarm is asked about first, because each weak failure renews it. */
export function quietBecause(
  shape: FailureShape | undefined,
  { recoveredAtMs, falseAlarmAtMs }: Pick<Recent, 'recoveredAtMs' | 'falseAlarmAtMs'>,
  nowMs: number,
  { dampening, intervalMs }: Pick<DecisionPolicy, 'dampening' | 'intervalMs'>,
): Quiet | null {
  if (shape === undefined || shape === 'answered') return null;
  const isWithin = (sinceMs: number | null, span: Span) =>
    // A time that lies ahead was noted before the clock was set back: how long ago it was, nobody can say.
    sinceMs !== null && sinceMs <= nowMs && nowMs - sinceMs < spanMs(span, intervalMs);
  if (isWithin(falseAlarmAtMs, dampening.afterFalseAlarm)) return 'after_false_alarm';
  if (isWithin(recoveredAtMs, dampening.afterRecovery)) return 'after_recovery';
  return shape === 'name' ? 'low_confidence_dns' : null;
}
