/**
 * Folds the whole log anew, in one snapshot, and compares it with the event rows and with what is derived from them.
 * Rows are read page by page; only open events stay in memory. A row that cannot be read is a difference, not an end.
 */
import { sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import { registry } from './legacy.ts';
import { legacyStatusFor, PROJECTED_CHECK } from './projection.ts';
import {
  compareEvent,
  type Difference,
  derivedDifference,
  type EventFold,
  foldNext,
  type OpenFolded,
  type Raw,
  type RawEvent,
  type RawTransition,
  type Report,
  startFold,
  transitionDifference,
} from './replay-fold.ts';
import type { Executor } from './schema.ts';
import { compareSiteStates } from './site-states.ts';

export type ReplayOptions = {
  /** Differences that are kept, and drifts as well; all are counted. */
  limitDifferences?: number;
  /** Whether the legacy status is written at all. */
  projection?: boolean;
  onProgress?: (progress: { events: number; transitions: number }) => void;
  /** Rows that are read at once. */
  pageRows?: number;
};

export type Replayed = {
  events: number;
  transitions: number;
  /** Rows of the registry whose status was compared; null where that was not asked. */
  endpoints: number | null;
  /** Sites of the registry. */
  sites: number;
  differenceCount: number;
  /** The first ones. */
  differences: readonly Difference[];
  /** Sites whose own event another program's pausing or resuming explains: see `compareSiteStates`. */
  driftCount: number;
  /** The first ones. */
  drifts: readonly Difference[];
};

export type Snapshots = { snapshot<T>(run: (tx: Executor) => Promise<T>): Promise<T> };

const LOWEST_ID = -(2n ** 63n);
const HIGHEST_ID = 2n ** 63n - 1n;
const PAGE_ROWS = 4_000;

export function replay(db: Snapshots, options: ReplayOptions = {}): Promise<Replayed> {
  return db.snapshot((tx) => replayIn(tx, options));
}

async function replayIn(tx: Executor, options: ReplayOptions): Promise<Replayed> {
  const { limitDifferences = 20, projection = true, pageRows = PAGE_ROWS } = options;
  const differences = createTally(limitDifferences);
  const drifts = createTally(limitDifferences);
  const open: OpenFolded[] = [];
  const log = await compareLog(tx, { pageRows, report: differences.add, open, onProgress: options.onProgress });
  const endpoints = projection ? await compareLegacyStatus(tx, open, pageRows, differences.add) : null;
  const sites = await compareSiteStates(tx, open, { report: differences.add, reportDrift: drifts.add });
  return {
    ...log,
    endpoints,
    sites,
    differenceCount: differences.count(),
    differences: differences.first,
    driftCount: drifts.count(),
    drifts: drifts.first,
  };
}

function createTally(limit: number): { first: readonly Difference[]; count(): number; add: Report } {
  const first: Difference[] = [];
  let count = 0;
  return {
    first,
    count: () => count,
    add(difference) {
      count += 1;
      if (first.length < limit) first.push(difference);
    },
  };
}

type LogWalk = {
  pageRows: number;
  report: Report;
  open: OpenFolded[];
  onProgress: ReplayOptions['onProgress'];
};

/** Walks events and transitions side by side, both by event id. */
async function compareLog(tx: Executor, walk: LogWalk): Promise<{ events: number; transitions: number }> {
  const { pageRows, report, onProgress } = walk;
  const seen = { events: 0, transitions: 0 };
  for (let from: bigint | null = LOWEST_ID; from !== null; ) {
    const events = await eventPage(tx, from, pageRows);
    const lastId = events.length < pageRows ? HIGHEST_ID : (events.at(-1)?.id ?? HIGHEST_ID);
    const merge = createMerge(events, walk);
    let seq: bigint | null = null;
    let at: bigint = from;
    for (;;) {
      const rows = await transitionPage(tx, { from: at, afterSeq: seq, upTo: lastId, limit: pageRows });
      for (const row of rows) merge.take(row);
      seen.transitions += rows.length;
      onProgress?.(seen);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageRows) break;
      at = last.event_id;
      seq = last.seq;
    }
    merge.end();
    seen.events += events.length;
    onProgress?.(seen);
    from = lastId === HIGHEST_ID ? null : lastId + 1n;
  }
  return seen;

  function createMerge(events: readonly (RawEvent & { id: bigint })[], { open }: LogWalk) {
    let index = 0;
    let fold = startFold();
    let orphan: Raw = null;
    function finish(row: RawEvent & { id: bigint }) {
      compareEvent(row, fold, report);
      const opened = openIn(row, fold);
      if (opened !== null) open.push(opened);
      index += 1;
      fold = startFold();
    }
    return {
      take(row: RawTransition & { event_id: bigint }) {
        let event = events[index];
        while (event !== undefined && event.id < row.event_id) {
          finish(event);
          event = events[index];
        }
        if (event?.id === row.event_id) foldNext(fold, row, event.blog_id, report);
        else if (orphan !== row.event_id) {
          orphan = row.event_id;
          report(transitionDifference('transition', row, 'event_id', 'no such event'));
        }
      },
      end() {
        for (let event = events[index]; event !== undefined; event = events[index]) finish(event);
      },
    };
  }
}

/** Null when it is closed, or too odd to say. What its transitions do not tell is taken from the row. */
function openIn(row: RawEvent & { id: bigint }, fold: EventFold): OpenFolded | null {
  const { state, severity, ended_at } = fold.isKnown ? fold.columns : row;
  if (ended_at !== null || typeof state !== 'string' || typeof severity !== 'bigint') return null;
  if (typeof row.blog_id !== 'bigint' || typeof row.check_type !== 'string') return null;
  return {
    eventId: row.id as EventId,
    siteId: row.blog_id as SiteId,
    endpointId: typeof row.endpoint_id === 'bigint' ? (row.endpoint_id as EndpointId) : null,
    checkType: row.check_type,
    state,
    severity: Number(severity),
    startedAtMs: Number(row.started_at),
  };
}

/** Metadata stays where it is: the database says whether it is JSON. */
const METADATA_OK = sql<bigint>`case when metadata is null or json_valid(metadata) then 1 else 0 end`;

function eventPage(tx: Executor, from: bigint, limit: number) {
  return tx
    .selectFrom('jetmon_events')
    .select(['id', 'blog_id', 'endpoint_id', 'check_type', 'severity', 'state', 'started_at', 'ended_at'])
    .select(['resolution_reason', 'cause_event_id', 'updated_at', 'version'])
    .select(METADATA_OK.as('metadata_ok'))
    .where('id', '>=', from)
    .orderBy('id')
    .limit(limit)
    .execute();
}

const CAUSE_METADATA = sql<string | null>`case when reason in ('cause_linked', 'cause_unlinked') then metadata end`;

type TransitionSpan = { from: bigint; afterSeq: bigint | null; upTo: bigint; limit: number };

/** Written so that every database goes along the index of (event, seq), which is not so for a comparison of pairs. */
function transitionPage(tx: Executor, { from, afterSeq, upTo, limit }: TransitionSpan) {
  let query = tx
    .selectFrom('jetmon_event_transitions')
    .select(['id', 'event_id', 'blog_id', 'seq', 'severity_before', 'severity_after', 'state_before', 'state_after'])
    .select(['reason', 'changed_at'])
    .select([CAUSE_METADATA.as('cause_metadata'), METADATA_OK.as('metadata_ok')])
    .where('event_id', '>=', from)
    .where('event_id', '<=', upTo)
    .orderBy('event_id')
    .orderBy('seq')
    .limit(limit);
  if (afterSeq !== null) {
    query = query.where((is) => is.or([is('event_id', '>', from), is('seq', '>', afterSeq)]));
  }
  return query.execute();
}

/** Of every row: what is paused or removed keeps the status of what is open on it, and pausing closes that. */
async function compareLegacyStatus(
  tx: Executor,
  open: readonly OpenFolded[],
  pageRows: number,
  report: Report,
): Promise<number> {
  const states = new Map<bigint, string[]>();
  for (const { endpointId, checkType, state } of open) {
    if (endpointId === null || checkType !== PROJECTED_CHECK) continue;
    const known = states.get(endpointId);
    if (known === undefined) states.set(endpointId, [state]);
    else known.push(state);
  }
  let compared = 0;
  for (let from: bigint | null = 0n; from !== null; ) {
    const rows = await tx
      .selectFrom(registry(tx, 'r'))
      .select(['r.endpoint_id', 'r.legacy_status'])
      .where('r.endpoint_id', '>=', from)
      .orderBy('r.endpoint_id')
      .limit(pageRows)
      .execute();
    for (const row of rows) {
      compared += 1;
      const folded = BigInt(legacyStatusFor(states.get(row.endpoint_id) ?? []));
      if (row.legacy_status !== folded) {
        report(derivedDifference('legacy_status', row.endpoint_id, folded, row.legacy_status));
      }
    }
    const last = rows.at(-1);
    from = last === undefined || rows.length < pageRows ? null : last.endpoint_id + 1n;
  }
  return compared;
}
