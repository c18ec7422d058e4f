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
  type EventFold,
  foldNext,
  type Raw,
  type RawEvent,
  type RawTransition,
  type Report,
  shown,
  startFold,
  transitionDifference,
} from './replay-fold.ts';
import type { Executor } from './schema.ts';

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

/**
 * The `site_state` event that must be open, by site; a site that is not in the answer must have none. Asked for some
 * hundred sites at a time, with what is open on each but its own `site_state`.
 */
export type DeriveSiteState = (
  tx: Executor,
  sites: ReadonlyMap<SiteId, readonly OpenFolded[]>,
) => Promise<ReadonlyMap<SiteId, { state: string; severity: number }>>;

export type ReplayOptions = {
  /** Differences that are kept; all are counted. */
  limitDifferences?: number;
  /** Whether the legacy status is written at all. */
  projection?: boolean;
  deriveSiteState?: DeriveSiteState;
  onProgress?: (progress: { events: number; transitions: number }) => void;
  /** Rows that are read at once. */
  pageRows?: number;
};

export type Replayed = {
  events: number;
  transitions: number;
  /** Rows of the registry and sites whose derived state was compared; null where that was not asked. */
  endpoints: number | null;
  sites: number | null;
  differenceCount: number;
  /** The first ones. */
  differences: readonly Difference[];
};

export type Snapshots = { snapshot<T>(run: (tx: Executor) => Promise<T>): Promise<T> };

export const SITE_STATE_CHECK = 'site_state';
/** Speaks of this program, not of a site. */
const MONITOR_CHECK = 'monitor';
const LOWEST_ID = -(2n ** 63n);
const HIGHEST_ID = 2n ** 63n - 1n;
const PAGE_ROWS = 4_000;
const SITES_AT_ONCE = 500;

export function replay(db: Snapshots, options: ReplayOptions = {}): Promise<Replayed> {
  return db.snapshot((tx) => replayIn(tx, options));
}

async function replayIn(tx: Executor, options: ReplayOptions): Promise<Replayed> {
  const { limitDifferences = 20, projection = true, deriveSiteState, pageRows = PAGE_ROWS } = options;
  const differences: Difference[] = [];
  let differenceCount = 0;
  const report: Report = (difference) => {
    differenceCount += 1;
    if (differences.length < limitDifferences) differences.push(difference);
  };
  const open: OpenFolded[] = [];
  const log = await compareLog(tx, { pageRows, report, open, onProgress: options.onProgress });
  const endpoints = projection ? await compareLegacyStatus(tx, open, pageRows, report) : null;
  const sites = deriveSiteState === undefined ? null : await compareSiteStates(tx, open, deriveSiteState, report);
  return { ...log, endpoints, sites, differenceCount, differences };
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

/** Of what is watched: nobody keeps the status of an endpoint that is not. */
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
      .select(['r.endpoint_id', 'r.legacy_status', 'r.active'])
      .where('r.endpoint_id', '>=', from)
      .orderBy('r.endpoint_id')
      .limit(pageRows)
      .execute();
    for (const row of rows) {
      if (row.active === 0n) continue;
      compared += 1;
      const folded = BigInt(legacyStatusFor(states.get(row.endpoint_id) ?? []));
      if (row.legacy_status !== folded) {
        report(derived('legacy_status', row.endpoint_id, 'legacy_status', folded, row.legacy_status));
      }
    }
    const last = rows.at(-1);
    from = last === undefined || rows.length < pageRows ? null : last.endpoint_id + 1n;
  }
  return compared;
}

async function compareSiteStates(
  tx: Executor,
  open: readonly OpenFolded[],
  derive: DeriveSiteState,
  report: Report,
): Promise<number> {
  const childrenBySite = new Map<SiteId, OpenFolded[]>();
  const ownBySite = new Map<SiteId, OpenFolded[]>();
  for (const event of open) {
    if (event.checkType === MONITOR_CHECK) continue;
    if (!childrenBySite.has(event.siteId)) childrenBySite.set(event.siteId, []);
    if (!ownBySite.has(event.siteId)) ownBySite.set(event.siteId, []);
    (event.checkType === SITE_STATE_CHECK ? ownBySite : childrenBySite).get(event.siteId)?.push(event);
  }
  const sites = [...childrenBySite];
  for (let start = 0; start < sites.length; start += SITES_AT_ONCE) {
    const some = new Map(sites.slice(start, start + SITES_AT_ONCE));
    const wanted = await derive(tx, some);
    for (const siteId of some.keys()) compareSite(siteId, wanted.get(siteId), ownBySite.get(siteId) ?? [], report);
  }
  return sites.length;
}

function compareSite(
  siteId: SiteId,
  wanted: { state: string; severity: number } | undefined,
  own: readonly OpenFolded[],
  report: Report,
): void {
  const words = (state: { state: string; severity: number } | undefined) =>
    state === undefined ? 'none open' : `${state.state} (${state.severity})`;
  const stored = own.length > 1 ? `${own.length} open` : words(own[0]);
  if (stored !== words(wanted)) report(derived('site_state', siteId, 'site_state', words(wanted), stored));
}

function derived(
  kind: 'legacy_status' | 'site_state',
  id: bigint,
  column: string,
  folded: Raw,
  stored: Raw,
): Difference {
  return {
    kind,
    row: kind === 'site_state' ? 'site' : 'endpoint',
    id: String(id),
    eventId: null,
    column,
    folded: shown(folded),
    stored: shown(stored),
  };
}
