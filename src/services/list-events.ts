/** Events of one site or of all, newest first, page by page. */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { EventRecord } from '../store/event-records.ts';
import type { ServiceDeps } from './deps.ts';

export type EventQuery = {
  /** Null: events of every site. A site that does not exist has none. */
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
  /** The last event of this page when another page follows. */
  next: EventId | null;
};

export async function listEvents(
  deps: Pick<ServiceDeps, 'eventQueries'>,
  scope: SiteScope,
  query: EventQuery,
): Promise<EventPage> {
  const { siteId, beforeId, limit, ...filters } = query;
  const found = await deps.eventQueries.list(scope, {
    ...filters,
    ...(siteId === null ? {} : { siteId }),
    ...(beforeId === null ? {} : { beforeId }),
    limit: limit + 1,
  });
  const events = found.slice(0, limit);
  return { events, next: found.length > events.length ? (events.at(-1)?.eventId ?? null) : null };
}
