/** The log of transitions as one sequence, for those who follow it from a place on. Every query is bounded; nothing writes. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { Database } from './database.ts';
import { type TransitionRecord, transitionOf } from './event-records.ts';
import { isInScope } from './site-scope.ts';

/** A transition with what it is about. */
export type LoggedTransition = {
  siteId: SiteId;
  /** Null: the whole site. */
  endpointId: EndpointId | null;
  checkType: string;
  transition: TransitionRecord;
};

/** From and to belong to it. */
export type IdRange = { from: bigint; to: bigint };

export type LogFilter = {
  siteIds?: readonly SiteId[];
  /** Those that lead into one of these states or out of it. */
  states?: readonly State[];
};

export interface TransitionLog {
  /** The highest id there is; 0 when there is none. */
  newestId(): Promise<bigint>;
  /** Ids in these ranges, ascending. */
  idsIn(ranges: readonly IdRange[], limit: number): Promise<bigint[]>;
  /** Those with one of these ids, in the order of their ids; not those of the sites' own states. */
  byIds(scope: SiteScope, ids: readonly bigint[]): Promise<LoggedTransition[]>;
  /** In the order of their ids; not those of the sites' own states. */
  within(scope: SiteScope, range: IdRange, filter: LogFilter & { limit: number }): Promise<LoggedTransition[]>;
}

export function createTransitionLog({ kysely }: Pick<Database, 'kysely'>): TransitionLog {
  const logged = () =>
    kysely
      .selectFrom('jetmon_event_transitions as transition')
      .innerJoin('jetmon_events as event', 'event.id', 'transition.event_id')
      .selectAll('transition')
      .select(['event.endpoint_id', 'event.check_type'])
      .where('event.check_type', '<>', SITE_STATE_CHECK)
      .orderBy('transition.id');

  return {
    async newestId() {
      const newest = kysely.selectFrom('jetmon_event_transitions').select('id').orderBy('id', 'desc').limit(1);
      return (await newest.executeTakeFirst())?.id ?? 0n;
    },
    async idsIn(ranges, limit) {
      if (ranges.length === 0) return [];
      const rows = await kysely
        .selectFrom('jetmon_event_transitions')
        .select('id')
        .where((is) => is.or(ranges.map(({ from, to }) => is.and([is('id', '>=', from), is('id', '<=', to)]))))
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },
    async byIds(scope, ids) {
      if (ids.length === 0) return [];
      return (
        await logged().where('transition.id', 'in', ids).where(isInScope(scope, 'transition.blog_id')).execute()
      ).map(loggedOf);
    },
    async within(scope, { from, to }, { siteIds, states, limit }) {
      let query = logged()
        .where('transition.id', '>=', from)
        .where('transition.id', '<=', to)
        .where(isInScope(scope, 'transition.blog_id'));
      if (siteIds !== undefined) query = query.where('transition.blog_id', 'in', siteIds);
      if (states !== undefined) {
        query = query.where((is) =>
          is.or([is('transition.state_before', 'in', states), is('transition.state_after', 'in', states)]),
        );
      }
      return (await query.limit(limit).execute()).map(loggedOf);
    },
  };
}

type LoggedRow = Parameters<typeof transitionOf>[0] & { endpoint_id: bigint | null; check_type: string };

function loggedOf(row: LoggedRow): LoggedTransition {
  return {
    siteId: row.blog_id as SiteId,
    endpointId: row.endpoint_id as EndpointId | null,
    checkType: row.check_type,
    transition: transitionOf(row),
  };
}
