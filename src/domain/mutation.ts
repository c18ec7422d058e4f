/**
 * The changes an event can go through, and what each makes of it: pure, and the same for every database. One mutation
 * that changes something is one transition (spec/01 sections 5, 6 and 8).
 */
import { assertNever } from '../lib/assert.ts';
import type { EventId } from './ids.ts';
import { type LoggedState, severityOf } from './state.ts';

export type OpenReason = 'opened';
export type ChangeReason =
  | 'local_confirmed'
  | 'verifier_confirmed'
  | 'severity_escalation'
  | 'severity_deescalation'
  /** Nobody could verify a failure for so long that people are to hear of it: severity alone, never the state. */
  | 'verification_overdue'
  | 'state_change';
export type LinkReason = 'cause_linked' | 'cause_unlinked';
export const CLOSE_REASONS = [
  'probe_cleared',
  'verifier_cleared',
  'false_alarm',
  'manual_override',
  'maintenance_swallowed',
  'superseded',
  'auto_timeout',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];
/** Why a transition happened: closed, stable and public. */
export type Reason = OpenReason | ChangeReason | LinkReason | CloseReason;

/** What a mutation says of itself beside the metadata, such as in which regions it is down. */
export type Facts = Readonly<Record<string, string>>;

/**
 * One change to the event of an identity. A severity that is left out is that of the state; severities are whole
 * numbers from 0 to 255, and those above 4 are reserved for what is worse than Down.
 */
export type Mutation =
  | {
      op: 'open';
      state: LoggedState;
      severity?: number;
      startedAtMs: number;
      reason: OpenReason;
      facts?: Facts;
    }
  /** State and severity together. `beganAtMs`: since when it is so, where that is before it is written. */
  | {
      op: 'promote';
      state: LoggedState;
      severity?: number;
      beganAtMs?: number;
      reason: ChangeReason;
      verification?: 'none_configured';
      facts?: Facts;
    }
  | { op: 'set_severity'; severity: number; reason: ChangeReason }
  /** The state alone: severity stays as it is. */
  | { op: 'set_state'; state: LoggedState; reason: ChangeReason }
  /** The event that explains this one; null: none any more. Causation, not hierarchy. */
  | { op: 'link'; causeEventId: EventId | null }
  | { op: 'close'; reason: CloseReason };

/** An open event, as far as mutations look at it and change it. */
export type EventState = {
  state: LoggedState;
  severity: number;
  startedAtMs: number;
  /** When the newest transition happened. */
  changedAtMs: number;
  causeEventId: EventId | null;
};

/** What a mutation makes of an event, and how its transition tells it. */
export type Step = EventState & {
  /** Null while open. */
  endedAtMs: number | null;
  /** `Resolved` when the step closes the event. */
  stateAfter: LoggedState | 'Resolved';
  /** Null when the step closes the event. */
  severityAfter: number | null;
  reason: Reason;
  /** Since when it is so, not before the event began; absent: since `changedAtMs`. */
  beganAtMs?: number;
  /** Facts of the mutation itself, stored beside the metadata; null when there are none. */
  facts: Readonly<Record<string, string | null>> | null;
};

/** Null when the mutation changes nothing. Time within an event never runs backwards, whatever the clock did. */
export function stepFor(event: EventState | null, mutation: Mutation, atMs: number): Step | null {
  if (mutation.op === 'open') return event === null ? opened(mutation, Math.trunc(atMs)) : null;
  if (event === null) return null;
  const now = { ...event, changedAtMs: Math.max(event.changedAtMs, Math.trunc(atMs)) };
  switch (mutation.op) {
    case 'promote': {
      const severity = mutation.severity ?? severityOf(mutation.state);
      const { verification, facts } = mutation;
      const said = verification === undefined ? (facts ?? null) : { ...facts, verification };
      const step = changed(event, { ...now, state: mutation.state, severity }, mutation.reason, said);
      return step === null ? null : beginningAt(step, mutation.beganAtMs);
    }
    case 'set_severity':
      return changed(event, { ...now, severity: mutation.severity }, mutation.reason, null);
    case 'set_state':
      return changed(event, { ...now, state: mutation.state }, mutation.reason, null);
    case 'link':
      return linked(event, { ...now, causeEventId: mutation.causeEventId });
    case 'close':
      return {
        ...now,
        endedAtMs: now.changedAtMs,
        stateAfter: 'Resolved',
        severityAfter: null,
        reason: mutation.reason,
        facts: null,
      };
    default:
      return assertNever(mutation, 'mutation');
  }
}

/** Since when an event is what a step made of it. */
export function sinceWhen({ reason, startedAtMs, beganAtMs, changedAtMs }: Step): number {
  return reason === 'opened' ? startedAtMs : (beganAtMs ?? changedAtMs);
}

function opened(mutation: Extract<Mutation, { op: 'open' }>, atMs: number): Step {
  const { state, reason } = mutation;
  const severity = mutation.severity ?? severityOf(state);
  const startedAtMs = Math.trunc(mutation.startedAtMs);
  return stillOpen(
    { state, severity, startedAtMs, changedAtMs: Math.max(startedAtMs, atMs), causeEventId: null },
    reason,
    mutation.facts ?? null,
  );
}

function changed(before: EventState, after: EventState, reason: Reason, facts: Step['facts']): Step | null {
  if (before.state === after.state && before.severity === after.severity) return null;
  return stillOpen(after, reason, facts);
}

function beginningAt(step: Step, beganAtMs: number | undefined): Step {
  const sinceMs = beganAtMs === undefined ? step.changedAtMs : Math.max(step.startedAtMs, Math.trunc(beganAtMs));
  return sinceMs < step.changedAtMs ? { ...step, beganAtMs: sinceMs } : step;
}

function linked(before: EventState, after: EventState): Step | null {
  if (before.causeEventId === after.causeEventId) return null;
  return stillOpen(after, after.causeEventId === null ? 'cause_unlinked' : 'cause_linked', {
    cause_event_id_before: before.causeEventId === null ? null : String(before.causeEventId),
    cause_event_id_after: after.causeEventId === null ? null : String(after.causeEventId),
  });
}

function stillOpen(after: EventState, reason: Reason, facts: Step['facts']): Step {
  return { ...after, endedAtMs: null, stateAfter: after.state, severityAfter: after.severity, reason, facts };
}
