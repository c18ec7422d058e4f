/**
 * The words of the decision: what is known of one check on one endpoint before a look, and what follows from it. The
 * deciding itself is in decide.ts (a look of ours) and decide-verified.ts (an answer of the verifiers).
 */
import type { EventId } from './ids.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import type { Mutation } from './mutation.ts';
import { type IncidentState, severityOf } from './state.ts';

/** The open event of one (endpoint, check), as decide needs it. */
export type OpenIncident = {
  eventId: EventId;
  state: IncidentState;
  /** Absent: that of the state. */
  severity?: number;
  /** Null while the incident is only advisory. With the state Degraded: the failure is regional. */
  failing: Failing | null;
  /** The event that it was last linked to as its cause; absent: none. */
  causeEventId?: EventId;
};

/** How far the confirmation of a failure has come. Stored beside the incident. */
export type Failing = {
  /** The first failed attempt, ms since the epoch. It names the run: no two runs of a check begin at once. */
  sinceMs: number;
  /** Failed fresh attempts so far, the first included; counted no further than it takes to confirm. */
  attempts: number;
  /** When the first failure was known, which with a time-out is long after it began; absent after a restart: as `sinceMs`. */
  knownMs?: number;
};

/** Why a failure is confirmed before anybody is told of it. */
export type Quiet = 'low_confidence_dns' | 'unresolved' | 'after_recovery' | 'after_false_alarm' | 'mass_failure';

/** A failure that is confirmed quietly: kept in memory alone, never in the log. A restart loses it, so it begins later. */
export type Suspicion = Failing & { quiet: Quiet };

/** What happened lately, as far as it weighs on what happens next. Bounded; a restart tells it from the log again. */
export type Recent = {
  /** When a failure was last seen to be over. */
  recoveredAtMs: number | null;
  /** When the verifiers last refuted us, or a weak failure soon after that. */
  falseAlarmAtMs: number | null;
  /** When failures began that were told, the newest last; no more than make an endpoint flapping. */
  startsMs: readonly number[];
  /** Not null: the open event would be closed, but for the flap brake. `wellSinceMs` null: it fails again, quietly. */
  braked: { wellSinceMs: number | null } | null;
  /** When the verifiers last spoke of the failure there is now, without settling it. */
  verifiedAtMs: number | null;
  /** Since when looks of ours that fail are believed again; null: they are in doubt; absent: they never were. */
  believedSinceMs?: number | null;
};

export const NOTHING_RECENT: Recent = Object.freeze({
  recoveredAtMs: null,
  falseAlarmAtMs: null,
  startsMs: Object.freeze([]),
  braked: null,
  verifiedAtMs: null,
});

/** All that is known of one check on one endpoint. */
export type Known = {
  open: OpenIncident | null;
  suspicion: Suspicion | null;
  recent: Recent;
  /** The endpoint's window, over or not; null: none. */
  maintenance: MaintenanceWindow | null;
};

export type NextLook =
  | { why: 'interval' }
  /** Whatever is planned stays planned: what was decided was of no consequence. */
  | { why: 'as_planned' }
  | { why: 'recovery' | 'unknown' | 'window_end'; atMs: number }
  /** `timeoutMs`: the deadline of that look. More than one may be out: see `nextRetry`. */
  | { why: 'retry'; atMs: number; timeoutMs: number }
  /**
   * Ask the verifiers at `askAtMs` unless a question is out already; look locally at `lookAtMs`. `sinceMs` is the run
   * that is asked about: it belongs to the answer.
   */
  | { why: 'verify'; askAtMs: number; lookAtMs: number; sinceMs: number };

/** The changes that a decision can lead to. */
export type Decided = Extract<Mutation, { op: 'open' | 'promote' | 'set_severity' | 'close' }>;

export type Decision = {
  /** In order; empty when nothing changes. Applied in one transaction. */
  mutations: readonly Decided[];
  /** Of the open event after this; null when no failure is open. */
  failing: Failing | null;
  /** After this; null when nothing is being confirmed quietly. */
  suspicion: Suspicion | null;
  recent: Recent;
  next: NextLook;
  /** Why this failure is not told of, or not before it was confirmed; null: it is, or there was none. */
  quiet: Quiet | null;
  /** The failure fell into a maintenance window. */
  swallowed: boolean;
};

export function openIncident(
  eventId: EventId,
  state: IncidentState,
  severity: number,
  failing: Failing | null,
): OpenIncident {
  return severity === severityOf(state) ? { eventId, state, failing } : { eventId, state, severity, failing };
}

/** Whether an incident is a failure rather than an advisory. */
export function isFailing(open: OpenIncident): boolean {
  return open.failing !== null || severityOf(open.state) >= severityOf('Seems Down');
}

/** Nothing changes. */
export function stay(known: Known, next: NextLook): Decision {
  const { open, suspicion, recent } = known;
  return { mutations: [], failing: open?.failing ?? null, suspicion, recent, next, quiet: null, swallowed: false };
}
