/** One event folded from its transitions, over raw columns and pure: what its row must say (spec/01 sections 5 and 10). */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import { STATES } from '../domain/state.ts';
import { parseJson } from '../lib/json.ts';

/** A column as the database gave it; in a good row it has the type its table says. */
export type Raw = unknown;

export type RawTransition = {
  id: Raw;
  event_id: Raw;
  blog_id: Raw;
  seq: Raw;
  severity_before: Raw;
  severity_after: Raw;
  state_before: Raw;
  state_after: Raw;
  reason: Raw;
  changed_at: Raw;
  /** The metadata, of a change of the cause alone. */
  cause_metadata: Raw;
  /** 1 when there is none or it is JSON. */
  metadata_ok: Raw;
};

export type FoldedColumns = {
  state: string | null;
  severity: bigint | null;
  ended_at: bigint | null;
  resolution_reason: string | null;
  cause_event_id: bigint | null;
  version: bigint;
  updated_at: bigint | null;
};

/** An event that is open, as its transitions tell it. */
export type OpenFolded = {
  eventId: EventId;
  siteId: SiteId;
  endpointId: EndpointId | null;
  checkType: string;
  state: string;
  severity: number;
  startedAtMs: number;
};

export type DifferenceKind = 'event' | 'transition' | 'unreadable' | 'legacy_status' | 'site_state';

export type Difference = {
  kind: DifferenceKind;
  /** The row that differs. */
  row: 'event' | 'transition' | 'endpoint' | 'site';
  id: string;
  /** The event it belongs to; null for the projections. */
  eventId: string | null;
  column: string;
  folded: string | null;
  stored: string | null;
};

export type Report = (difference: Difference) => void;

export const KNOWN_STATES: ReadonlySet<Raw> = new Set(STATES);
/** No id can follow this one: whoever wrote it stopped the table. */
const LAST_ID = 2n ** 63n - 1n;
const LONGEST_SHOWN = 120;

export type EventFold = {
  columns: FoldedColumns;
  /** False once a transition could not be read: what the event must say is not known then. */
  isKnown: boolean;
};

export function startFold(): EventFold {
  const columns: FoldedColumns = {
    state: null,
    severity: null,
    ended_at: null,
    resolution_reason: null,
    cause_event_id: null,
    version: 0n,
    updated_at: null,
  };
  return { columns, isKnown: true };
}

/** Takes the next transition by `seq`; tells what it contradicts. */
export function foldNext(fold: EventFold, row: RawTransition, siteId: Raw, report: Report): void {
  if (!readable(row, report)) {
    fold.isKnown = false;
    return;
  }
  if (!fold.isKnown) return;
  const { columns } = fold;
  const isFirst = columns.version === 0n;
  const contradict = (column: keyof RawTransition, folded: Raw) => {
    if (row[column] !== folded) report(transitionDifference('transition', row, column, folded));
  };
  contradict('seq', columns.version + 1n);
  contradict('state_before', columns.ended_at === null ? columns.state : 'Resolved');
  if (columns.ended_at === null) contradict('severity_before', columns.severity);
  contradict('blog_id', siteId);
  if (!isFirst && columns.updated_at !== null && row.changed_at < columns.updated_at) {
    report(transitionDifference('transition', row, 'changed_at', columns.updated_at));
  }
  columns.version += 1n;
  columns.updated_at = row.changed_at;
  if (row.state_after === 'Resolved') {
    columns.ended_at = row.changed_at;
    columns.resolution_reason = row.reason;
    return;
  }
  columns.state = row.state_after;
  columns.severity = row.severity_after;
  if (row.reason !== 'cause_linked' && row.reason !== 'cause_unlinked') return;
  const cause = causeIn(row.cause_metadata);
  if (cause === undefined) {
    report(transitionDifference('unreadable', row, 'metadata', null, row.cause_metadata));
    fold.isKnown = false;
  } else columns.cause_event_id = cause;
}

type ReadableTransition = RawTransition & {
  seq: bigint;
  state_after: string;
  severity_after: bigint | null;
  reason: string;
  changed_at: bigint;
};

/** Metadata that is no JSON is told, but proves nothing about the event unless it names a cause. */
function readable(row: RawTransition, report: Report): row is ReadableTransition {
  if (row.id === LAST_ID) report(transitionDifference('unreadable', row, 'id', null));
  const isOfCause = row.reason === 'cause_linked' || row.reason === 'cause_unlinked';
  if (row.metadata_ok !== 1n && !isOfCause)
    report(transitionDifference('unreadable', row, 'metadata', 'JSON', 'no JSON'));
  const closes = row.state_after === 'Resolved';
  const wrong =
    (!closes && !KNOWN_STATES.has(row.state_after) && 'state_after') ||
    (row.state_before !== null && !isStateBefore(row.state_before) && 'state_before') ||
    (typeof row.seq !== 'bigint' && 'seq') ||
    (typeof row.severity_after !== (closes ? 'object' : 'bigint') && 'severity_after') ||
    (typeof row.changed_at !== 'bigint' && 'changed_at') ||
    (typeof row.reason !== 'string' && 'reason');
  if (wrong === false) return true;
  report(transitionDifference('unreadable', row, wrong, null));
  return false;
}

function isStateBefore(state: Raw): boolean {
  return KNOWN_STATES.has(state) || state === 'Resolved';
}

/** `undefined` when it does not say. */
function causeIn(text: Raw): bigint | null | undefined {
  if (typeof text !== 'string') return undefined;
  const parsed = parseJson(text, { maxDepth: 1_000 });
  const members = parsed.ok ? parsed.value : null;
  if (typeof members !== 'object' || members === null || !('cause_event_id_after' in members)) return undefined;
  const after = members.cause_event_id_after;
  if (after === null || typeof after === 'bigint') return after;
  if (typeof after === 'number') return Number.isSafeInteger(after) ? BigInt(after) : undefined;
  return typeof after === 'string' && /^\d{1,19}$/.test(after) ? BigInt(after) : undefined;
}

export function transitionDifference(
  kind: DifferenceKind,
  row: RawTransition,
  column: string,
  folded: Raw,
  stored: Raw = row[column as keyof RawTransition],
): Difference {
  return {
    kind,
    row: 'transition',
    id: String(row.id),
    eventId: String(row.event_id),
    column,
    folded: shown(folded),
    stored: shown(stored),
  };
}

export type RawEvent = { [Column in keyof FoldedColumns]: Raw } & {
  id: Raw;
  blog_id: Raw;
  endpoint_id: Raw;
  check_type: Raw;
  started_at: Raw;
  metadata_ok: Raw;
};

/** Compares every column that may change with what the transitions say. */
export function compareEvent(row: RawEvent, fold: EventFold, report: Report): void {
  const tell = (
    kind: DifferenceKind,
    column: keyof RawEvent | 'metadata',
    folded: Raw,
    stored: Raw = row[column as keyof RawEvent],
  ) =>
    report({
      kind,
      row: 'event',
      id: String(row.id),
      eventId: String(row.id),
      column,
      folded: shown(folded),
      stored: shown(stored),
    });
  if (row.id === LAST_ID) tell('unreadable', 'id', null);
  if (row.metadata_ok !== 1n) tell('unreadable', 'metadata', 'JSON', 'no JSON');
  const knowsState = KNOWN_STATES.has(row.state);
  if (!knowsState) tell('unreadable', 'state', fold.isKnown ? fold.columns.state : null);
  if (!fold.isKnown) return;
  for (const column of MUTABLE) {
    if (row[column] !== fold.columns[column] && (knowsState || column !== 'state')) {
      tell('event', column, fold.columns[column]);
    }
  }
}

const MUTABLE = [
  'state',
  'severity',
  'ended_at',
  'resolution_reason',
  'cause_event_id',
  'version',
  'updated_at',
] as const satisfies readonly (keyof FoldedColumns)[];

export function shown(value: Raw): string | null {
  return value === null || value === undefined ? null : String(value).slice(0, LONGEST_SHOWN);
}

/** Of what is derived from the open events of an endpoint or site. */
export function derivedDifference(
  kind: 'legacy_status' | 'site_state',
  id: bigint,
  folded: Raw,
  stored: Raw,
): Difference {
  return {
    kind,
    row: kind === 'site_state' ? 'site' : 'endpoint',
    id: String(id),
    eventId: null,
    column: kind,
    folded: shown(folded),
    stored: shown(stored),
  };
}
