/**
 * Rebuilds an event from its transitions alone, and tells where they do not hang together: the proof that the log and
 * the rows that stand for its present agree.
 */
import { INCIDENT_STATES, severityOf } from './state.ts';

/** A transition as it is stored, which another program or a damaged file may have changed. */
export type StoredTransition = {
  /** Place within the event, from 1. */
  seq: number;
  severityBefore: number | null;
  severityAfter: number | null;
  stateBefore: string | null;
  stateAfter: string | null;
  reason: string;
  metadata: unknown;
  changedAtMs: number;
};

export type FoldedEvent = {
  /** The last one while the event was open; null only without transitions. */
  state: string | null;
  severity: number | null;
  /** From the `started_at` of the opening's metadata; without one, when the opening was written: it began no later. */
  startedAtMs: number;
  /** False: only the latest time it can have begun is known. */
  isStartExact: boolean;
  endedAtMs: number | null;
  resolutionReason: string | null;
  causeEventId: bigint | null;
  /** How many transitions there are. */
  version: number;
  updatedAtMs: number;
  /** Where the transitions do not hang together, in their order, at most 20; empty for a sound event. */
  brokenChain: readonly BrokenLink[];
};

export type BrokenLink = { seq: number; reason: BrokenReason };

export type BrokenReason =
  /** There is no transition at all. */
  | 'empty'
  /** A `seq` is missing, doubled or out of order. */
  | 'seq_gap'
  /** What it says was before is not what the one before left. */
  | 'before_differs'
  | 'closed_twice'
  | 'changed_after_close'
  /** It has either the state or the severity of a close, not both. */
  | 'half_closed'
  | 'time_backwards'
  /** The event began after its opening was written. */
  | 'started_after_opening'
  /** Not a state an event can be in. */
  | 'unknown_state'
  /** The severity is neither that of the state nor above that of Down. */
  | 'severity_differs'
  /** Linked or unlinked, but the metadata names no cause, or another one before. */
  | 'cause_unclear';

/** `transitions` are those of one event by `seq`. Never throws: what is wrong is told in `brokenChain`. */
export function foldTransitions(transitions: Iterable<StoredTransition>): FoldedEvent {
  const broken: BrokenLink[] = [];
  let folded: Omit<FoldedEvent, 'brokenChain'> | null = null;
  let previous: StoredTransition | null = null;
  for (const transition of transitions) {
    for (const reason of flaws(transition, previous, folded)) {
      if (broken.length < MAX_BROKEN) broken.push({ seq: transition.seq, reason });
    }
    folded = folded === null ? opened(transition) : changed(folded, transition);
    previous = transition;
  }
  if (folded === null) return { ...NOTHING, brokenChain: [{ seq: 0, reason: 'empty' }] };
  return { ...folded, brokenChain: broken };
}

const MAX_BROKEN = 20;

type Folded = Omit<FoldedEvent, 'brokenChain'>;

const NOTHING: Folded = {
  state: null,
  severity: null,
  startedAtMs: 0,
  isStartExact: false,
  endedAtMs: null,
  resolutionReason: null,
  causeEventId: null,
  version: 0,
  updatedAtMs: 0,
};

function opened(transition: StoredTransition): Folded {
  const startedAtMs = startOf(transition);
  const start = { startedAtMs: startedAtMs ?? transition.changedAtMs, isStartExact: startedAtMs !== null };
  return changed({ ...NOTHING, ...start }, transition);
}

/** A closed event never changes: what comes after its close is counted and reported, not applied. */
function changed(before: Folded, transition: StoredTransition): Folded {
  const counted = { ...before, version: before.version + 1, updatedAtMs: transition.changedAtMs };
  if (before.endedAtMs !== null) return counted;
  if (isClose(transition)) {
    return { ...counted, endedAtMs: transition.changedAtMs, resolutionReason: transition.reason };
  }
  const { stateAfter: state, severityAfter: severity } = transition;
  const cause = causeOf(transition, 'cause_event_id_after');
  return { ...counted, state, severity, causeEventId: cause === undefined ? before.causeEventId : cause };
}

function isClose({ stateAfter }: StoredTransition): boolean {
  return stateAfter === CLOSED;
}

const CLOSED = 'Resolved';

function* flaws(
  now: StoredTransition,
  previous: StoredTransition | null,
  folded: Folded | null,
): Iterable<BrokenReason> {
  if (now.seq !== (previous?.seq ?? 0) + 1) yield 'seq_gap';
  if (previous !== null && now.changedAtMs < previous.changedAtMs) yield 'time_backwards';
  if (folded !== null && folded.endedAtMs !== null) {
    yield isClose(now) ? 'closed_twice' : 'changed_after_close';
    return;
  }
  const severityBefore = folded?.severity ?? null;
  const stateBefore = folded?.state ?? null;
  if (now.severityBefore !== severityBefore || now.stateBefore !== stateBefore) yield 'before_differs';
  if (isClose(now) !== (now.severityAfter === null)) yield 'half_closed';
  else if (!isClose(now)) yield* flawsOfState(now.stateAfter, now.severityAfter);
  if (folded === null) {
    if ((startOf(now) ?? now.changedAtMs) > now.changedAtMs) yield 'started_after_opening';
  }
  if (now.reason !== 'cause_linked' && now.reason !== 'cause_unlinked') return;
  const wasCause = causeOf(now, 'cause_event_id_before');
  const isCause = causeOf(now, 'cause_event_id_after');
  const isLinked = isCause !== null && isCause !== undefined;
  if (wasCause !== (folded?.causeEventId ?? null) || isLinked !== (now.reason === 'cause_linked'))
    yield 'cause_unclear';
}

/** Nothing is wrong with what is Up, and Unknown never opens an event. */
const EVENT_STATES = [...INCIDENT_STATES, 'Paused', 'Maintenance'] as const;

function* flawsOfState(state: string | null, severity: number | null): Iterable<BrokenReason> {
  const known = EVENT_STATES.find((each) => each === state);
  if (known === undefined || severity === null) yield 'unknown_state';
  else if (severity !== severityOf(known) && severity <= severityOf('Down')) yield 'severity_differs';
}

/** Undefined when the transition does not speak of a cause, or not in a way that can be read. */
function causeOf({ reason, metadata }: StoredTransition, key: string): bigint | null | undefined {
  if (reason !== 'cause_linked' && reason !== 'cause_unlinked') return undefined;
  const value = member(metadata, key);
  // Ids beyond 2^53 are stored as text, because the metadata is read as plain JSON.
  if (typeof value === 'string' && /^[1-9][0-9]{0,19}$/.test(value)) return BigInt(value);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  // Unlinking may leave out what there is none of, as may the first link.
  return value === null || (value === undefined && isObject(metadata)) ? null : undefined;
}

/** Null when the opening does not say when the failure began. RFC 3339, or ms as a number. */
function startOf({ metadata }: StoredTransition): number | null {
  const value = member(metadata, 'started_at');
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  return typeof ms === 'number' && Number.isSafeInteger(ms) ? ms : null;
}

function member(metadata: unknown, key: string): unknown {
  return isObject(metadata) ? metadata[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
