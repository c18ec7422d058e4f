/** Events of one site or of all, newest first, page by page. */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { EventRecord } from '../store/event-records.ts';
import type { ServiceDeps } from './deps.ts';
import { requireSite } from './find-endpoint.ts';

export type EventQuery = {
  /** Null: events of every site. */
  siteId: SiteId | null;
  /** Only events of this endpoint. */
  endpointId?: EndpointId;
  beforeId: EventId | null;
  /** 1 to 200. */
  limit: number;
  states?: readonly State[];
  checkTypes?: readonly string[];
  /** True: only open ones; false: only closed ones. */
  active?: boolean;
  startedFromMs?: number;
  startedBeforeMs?: number;
};

export type EventPage = {
  events: EventRecord[];
  /** Where the next page begins; null: there is none. */
  next: EventId | null;
};

type Deps = Pick<ServiceDeps, 'eventQueries' | 'endpoints'>;

/** Rows of the log that one page may try. */
const MOST_TRIED = 5_000;

/**
 * Whoever looks for few among many gets a page that holds less than was asked for, or nothing, and has a next one: no
 * single call walks the whole log. Throws `site_not_found`.
 */
export async function listEvents(
  deps: Deps,
  scope: SiteScope,
  query: EventQuery,
  mostTried = MOST_TRIED,
): Promise<EventPage> {
  const { siteId, beforeId, limit, ...filters } = query;
  const before = beforeId === null ? {} : { beforeId };
  const fromId = isSelective(scope, query)
    ? await deps.eventQueries.idFurtherBack(scope, { ...before, rows: mostTried })
    : null;
  const found = await deps.eventQueries.list(scope, {
    ...filters,
    ...before,
    ...(siteId === null ? {} : { siteId }),
    ...(fromId === null ? {} : { fromId }),
    limit: limit + 1,
  });
  if (found.length === 0 && siteId !== null) await requireSite(deps, scope, siteId);
  const events = found.slice(0, limit);
  return { events, next: found.length > events.length ? (events.at(-1)?.eventId ?? null) : fromId };
}

/** Whether most of the log may have to be tried: events of a site, and open ones, are found by an index. */
function isSelective(scope: SiteScope, query: EventQuery): boolean {
  if (query.siteId !== null || query.active === true) return false;
  const { states, checkTypes, active, startedFromMs, startedBeforeMs } = query;
  const isNarrowed = [states, checkTypes, active, startedFromMs, startedBeforeMs].some(
    (filter) => filter !== undefined,
  );
  return scope.kind === 'tenant' || isNarrowed;
}
