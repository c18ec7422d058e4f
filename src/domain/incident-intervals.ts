/** When an event was in which state, from its transitions: what was true then, not what is known of it now. */

/** Half-open, in whole ms since the epoch: `fromMs` belongs to it, `toMs` does not. One that ends before it begins is empty. */
export type Interval = {
  fromMs: number;
  /** Null while it lasts. */
  toMs: number | null;
};

export type IncidentInterval = Interval & {
  /** 0 is no incident: in the record of the state of a site it stands for a pause. */
  severity: number;
  /** The event was closed as a false alarm: others could see what we could not. */
  isFalseAlarm: boolean;
};

type Change = {
  /** Null when the event was closed. */
  severityAfter: number | null;
  reason: string;
  changedAtMs: number;
};

/** Whether somebody closed the event as a false alarm. It was what it was until then: nobody saw otherwise. */
export function isDeclaredByHand(transitions: Iterable<Pick<Change, 'severityAfter' | 'reason'>>): boolean {
  for (const { severityAfter, reason } of transitions) if (severityAfter === null) return reason === 'declared_by_hand';
  return false;
}

/**
 * The intervals of one event from its transitions, by `seq`: adjacent, one for each severity it had. `startedAtMs` is
 * when the failure began, which may lie before its opening was written; null: not known. Time that runs backwards
 * counts as standing still, and what follows the close is left out.
 */
export function transitionsToIntervals(transitions: Iterable<Change>, startedAtMs: number | null): IncidentInterval[] {
  const found: { fromMs: number; toMs: number | null; severity: number }[] = [];
  let closedAs: string | null = null;
  let nowMs = Number.NEGATIVE_INFINITY;
  for (const { severityAfter, reason, changedAtMs } of transitions) {
    const last = found.at(-1);
    const beganMs = last === undefined && startedAtMs !== null ? Math.min(startedAtMs, changedAtMs) : changedAtMs;
    // What leaves the severity as it is does not keep the next one from having begun before it.
    if (severityAfter !== null && severityAfter === last?.severity) continue;
    nowMs = Math.max(nowMs, beganMs);
    if (last !== undefined) last.toMs = nowMs;
    if (severityAfter === null) {
      closedAs = reason;
      break;
    }
    found.push({ fromMs: nowMs, toMs: null, severity: severityAfter });
  }
  const isFalseAlarm = closedAs === 'false_alarm';
  return found.filter(({ fromMs, toMs }) => toMs === null || toMs > fromMs).map((each) => ({ ...each, isFalseAlarm }));
}
