/** The read side of the event log. Every query is bounded; nothing here writes. */
import type { EventId, SiteId, TransitionId } from '../domain/ids.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import type { State } from '../domain/state.ts';
import type { Database } from './database.ts';
import { type EventRecord, eventOf, type TransitionRecord, transitionOf } from './event-records.ts';
import type { Executor, Tx } from './schema.ts';

export type EventFilter = {
  /** Absent: every site. */
  siteId?: SiteId;
  states?: readonly State[];
  /** Absent: all but the sites' own. */
  checkTypes?: readonly string[];
  /** True: open events; false: closed ones. */
  active?: boolean;
  startedFromMs?: number;
  startedBeforeMs?: number;
  /** Only events older than this one. */
  beforeId?: EventId;
  /** At most this many; ask for one more than a page to learn whether another follows. */
  limit: number;
};

export interface EventQueries {
  byId(eventId: EventId, tx?: Tx): Promise<EventRecord | null>;
  /** Newest first. */
  list(filter: EventFilter, tx?: Tx): Promise<EventRecord[]>;
  /** In the order they happened. */
  transitions(eventId: EventId, page: { afterId?: TransitionId; limit: number }, tx?: Tx): Promise<TransitionRecord[]>;
  /** The newest `limit` of them, in the order they happened. */
  lastTransitions(eventId: EventId, limit: number, tx?: Tx): Promise<TransitionRecord[]>;
  /** Open events of these sites, worst first, then oldest first; a site without any is absent. */
  openBySites(siteIds: readonly SiteId[], tx?: Tx): Promise<Map<SiteId, EventRecord[]>>;
}

/** Sites asked for in one query. */
const SITES_PER_QUERY = 200;

export function createEventQueries(db: Database): EventQueries {
  const events = (tx: Tx | undefined) => (tx ?? db.kysely).selectFrom('jetmon_events').selectAll();

  const transitionsOf = (eventId: EventId, tx: Tx | undefined) =>
    (tx ?? db.kysely).selectFrom('jetmon_event_transitions').selectAll().where('event_id', '=', eventId);

  return {
    async byId(eventId, tx) {
      const row = await events(tx).where('id', '=', eventId).executeTakeFirst();
      return row === undefined ? null : eventOf(row);
    },
    async list(filter, tx) {
      return (await filtered(tx ?? db.kysely, filter).execute()).map(eventOf);
    },
    async transitions(eventId, { afterId, limit }, tx) {
      const after = transitionsOf(eventId, tx).where('id', '>', afterId ?? 0n);
      return (await after.orderBy('seq').limit(limit).execute()).map(transitionOf);
    },
    async lastTransitions(eventId, limit, tx) {
      const newestFirst = transitionsOf(eventId, tx).orderBy('seq', 'desc').limit(limit);
      return (await newestFirst.execute()).map(transitionOf).reverse();
    },
    async openBySites(siteIds, tx) {
      const found = new Map<SiteId, EventRecord[]>();
      for (let from = 0; from < siteIds.length; from += SITES_PER_QUERY) {
        const some = siteIds.slice(from, from + SITES_PER_QUERY);
        const open = events(tx)
          .where('blog_id', 'in', some)
          .where('ended_at', 'is', null)
          .where('check_type', '<>', SITE_STATE_CHECK);
        for (const row of await open.orderBy('severity', 'desc').orderBy('started_at').orderBy('id').execute()) {
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

function filtered(db: Executor, filter: EventFilter) {
  let query = db.selectFrom('jetmon_events').selectAll();
  if (filter.siteId !== undefined) query = query.where('blog_id', '=', filter.siteId);
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
  return query.orderBy('id', 'desc').limit(filter.limit);
}
