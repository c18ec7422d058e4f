/** The read side of the event log. Every query is bounded; nothing here writes. */
import type { EndpointId, EventId, SiteId, TransitionId } from '../domain/ids.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { Database } from './database.ts';
import { type EventRecord, eventOf, type TransitionRecord, transitionOf } from './event-records.ts';
import { prepared } from './prepared.ts';
import type { Executor, Tx } from './schema.ts';
import { isInScope } from './site-scope.ts';

export type EventFilter = {
  /** Absent: every site. */
  siteId?: SiteId;
  /** Absent: every endpoint, and what is of none. Only with a site. */
  endpointId?: EndpointId;
  states?: readonly State[];
  /** Absent: all but the sites' own. */
  checkTypes?: readonly string[];
  /** True: open events; false: closed ones. */
  active?: boolean;
  startedFromMs?: number;
  startedBeforeMs?: number;
  /** Only events older than this one. */
  beforeId?: EventId;
  /** Only this event and newer ones. */
  fromId?: EventId;
  /** At most this many; ask for one more than a page to learn whether another follows. */
  limit: number;
};

export interface EventQueries {
  byId(scope: SiteScope, eventId: EventId, tx?: Tx): Promise<EventRecord | null>;
  /** Newest first. */
  list(scope: SiteScope, filter: EventFilter, tx?: Tx): Promise<EventRecord[]>;
  /**
   * The event so many rows further back, of whoever's: how far a page may look. Null: there are not so many. An id alone, of
   * which nothing is told but where a next page begins.
   */
  idFurtherBack(scope: SiteScope, from: { beforeId?: EventId; rows: number }, tx?: Tx): Promise<EventId | null>;
  /** In the order they happened. */
  transitions(
    scope: SiteScope,
    eventId: EventId,
    page: { afterId?: TransitionId; limit: number },
    tx?: Tx,
  ): Promise<TransitionRecord[]>;
  /** The newest `limit` of them, in the order they happened. */
  lastTransitions(scope: SiteScope, eventId: EventId, limit: number, tx?: Tx): Promise<TransitionRecord[]>;
  /** Open events of these sites, worst first, then oldest first; a site without any is absent. */
  openBySites(scope: SiteScope, siteIds: readonly SiteId[], tx?: Tx): Promise<Map<SiteId, EventRecord[]>>;
}

/** Sites asked for in one query. */
const SITES_PER_QUERY = 200;

export function createEventQueries(db: Database): EventQueries {
  const events = (scope: SiteScope, tx: Tx | undefined) =>
    verified(tx ?? db.kysely).where(isInScope(scope, 'jetmon_events.blog_id'));

  const transitionsOf = (scope: SiteScope, eventId: EventId, tx: Tx | undefined) =>
    (tx ?? db.kysely)
      .selectFrom('jetmon_event_transitions')
      .selectAll()
      .where('event_id', '=', eventId)
      .where(isInScope(scope, 'jetmon_event_transitions.blog_id'));

  const openOn = (scope: SiteScope, siteIds: readonly SiteId[], tx: Tx | undefined) =>
    events(scope, tx)
      .where('blog_id', 'in', siteIds)
      .where('ended_at', 'is', null)
      .where('check_type', '<>', SITE_STATE_CHECK)
      .orderBy('severity', 'desc')
      .orderBy('started_at')
      .orderBy('id');

  const everyOpenOn = prepared(db.kysely, (hole: <T>(name: 'siteId') => T) =>
    openOn(EVERY_SITE, [hole<SiteId>('siteId')], undefined),
  );

  return {
    async byId(scope, eventId, tx) {
      const row = await events(scope, tx).where('id', '=', eventId).executeTakeFirst();
      return row === undefined ? null : eventOf(row);
    },
    async list(scope, filter, tx) {
      return (await filtered(tx ?? db.kysely, scope, filter).execute()).map(eventOf);
    },
    async idFurtherBack(_scope, { beforeId, rows }, tx) {
      const ids = (tx ?? db.kysely).selectFrom('jetmon_events').select('id').orderBy('id', 'desc');
      const older = beforeId === undefined ? ids : ids.where('id', '<', beforeId);
      const row = await older
        .limit(1)
        .offset(rows - 1)
        .executeTakeFirst();
      return row === undefined ? null : (row.id as EventId);
    },
    async transitions(scope, eventId, { afterId, limit }, tx) {
      const after = transitionsOf(scope, eventId, tx).where('id', '>', afterId ?? 0n);
      return (await after.orderBy('seq').limit(limit).execute()).map(transitionOf);
    },
    async lastTransitions(scope, eventId, limit, tx) {
      const newestFirst = transitionsOf(scope, eventId, tx).orderBy('seq', 'desc').limit(limit);
      return (await newestFirst.execute()).map(transitionOf).reverse();
    },
    async openBySites(scope, siteIds, tx) {
      const found = new Map<SiteId, EventRecord[]>();
      for (let from = 0; from < siteIds.length; from += SITES_PER_QUERY) {
        const some = siteIds.slice(from, from + SITES_PER_QUERY);
        const [siteId] = some;
        const isOften = scope.kind === 'all' && tx === undefined && some.length === 1;
        for (const row of await (isOften ? everyOpenOn({ siteId }) : openOn(scope, some, tx).execute())) {
          const event = eventOf(row);
          const ofSite = found.get(event.siteId);
          if (ofSite === undefined) found.set(event.siteId, [event]);
          else ofSite.push(event);
        }
      }
      return found;
    },
  };
}

/** Events with what verifiers said last of each. */
function verified(db: Executor) {
  return db
    .selectFrom('jetmon_events')
    .leftJoin('jetmon_event_verifications as verified', 'verified.event_id', 'jetmon_events.id')
    .selectAll('jetmon_events')
    .select(['verified.outcome as verification_outcome', 'verified.verified_at'])
    .select('verified.evidence as verification_evidence');
}

function filtered(db: Executor, scope: SiteScope, filter: EventFilter) {
  let query = verified(db).where(isInScope(scope, 'jetmon_events.blog_id'));
  if (filter.siteId !== undefined) query = query.where('blog_id', '=', filter.siteId);
  if (filter.endpointId !== undefined) query = query.where('endpoint_id', '=', filter.endpointId);
  if (filter.states !== undefined) query = query.where('state', 'in', filter.states);
  query =
    filter.checkTypes === undefined
      ? query.where('check_type', '<>', SITE_STATE_CHECK)
      : query.where('check_type', 'in', filter.checkTypes);
  if (filter.active !== undefined) query = query.where('ended_at', filter.active ? 'is' : 'is not', null);
  if (filter.active === true && filter.siteId === undefined) {
    // Only open events have the key, and it is indexed: the few open ones are found without reading the history.
    const open = db.selectFrom('jetmon_events').select('id').where('dedup_key', '>', '');
    query = query.where('id', 'in', open);
  }
  if (filter.startedFromMs !== undefined) query = query.where('started_at', '>=', BigInt(filter.startedFromMs));
  if (filter.startedBeforeMs !== undefined) query = query.where('started_at', '<', BigInt(filter.startedBeforeMs));
  if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId);
  if (filter.fromId !== undefined) query = query.where('id', '>=', filter.fromId);
  return query.orderBy('id', 'desc').limit(filter.limit);
}
