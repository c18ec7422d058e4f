/** Handlers of events and transitions. */
import type { QueryOf } from '../../contracts/contract.ts';
import {
  getEvent,
  getSiteEvent,
  listActiveEvents,
  listEvents,
  listEventTransitions,
  listSiteEvents,
} from '../../contracts/events.ts';
import { AppError } from '../../domain/errors.ts';
import type { EventId, SiteId, TransitionId } from '../../domain/ids.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import { STATES } from '../../domain/state.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { findEventDetail, listTransitions } from '../../services/find-event.ts';
import { type EventQuery, listEvents as list } from '../../services/list-events.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { isTrue, listOf } from '../query.ts';
import { eventDetailReply, eventReply, transitionReply } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function eventRoutes(deps: Pick<ServiceDeps, 'eventQueries' | 'endpoints' | 'clock'>): Route[] {
  const { clock } = deps;

  async function eventPage(scope: SiteScope, siteId: SiteId | null, query: QueryOf<typeof listEvents>) {
    const page = await list(deps, scope, { siteId, limit: query.limit, ...eventFilters(query) });
    const nowMs = clock.nowMs();
    return {
      data: page.events.map((event) => eventReply(event, nowMs)),
      page: { next: cursorTo(page.next), limit: query.limit },
    };
  }

  return [
    route(listEvents, ({ scope, query }) => eventPage(scope, null, query)),
    route(listActiveEvents, ({ scope, query }) => eventPage(scope, null, { ...query, active: 'true' })),
    route(listSiteEvents, ({ scope, ids, query }) => eventPage(scope, ids.site_id as SiteId, query)),
    route(getEvent, async ({ scope, ids }) =>
      eventDetailReply(await findEventDetail(deps, scope, ids.event_id as EventId, null), clock.nowMs()),
    ),
    route(getSiteEvent, async ({ scope, ids }) =>
      eventDetailReply(
        await findEventDetail(deps, scope, ids.event_id as EventId, ids.site_id as SiteId),
        clock.nowMs(),
      ),
    ),
    route(listEventTransitions, async ({ scope, ids, query }) => {
      const page = await listTransitions(deps, scope, {
        eventId: ids.event_id as EventId,
        siteId: ids.site_id as SiteId,
        afterId: idAtCursor<TransitionId>(query.cursor),
        limit: query.limit,
      });
      return {
        data: page.transitions.map(transitionReply),
        page: { next: cursorTo(page.next), limit: query.limit },
      };
    }),
  ];
}

/** Throws `invalid_state_filter` or `invalid_cursor`. */
export function eventFilters(query: QueryOf<typeof listEvents>): Omit<EventQuery, 'siteId' | 'endpointId' | 'limit'> {
  const checkTypes = query.check_type === undefined ? query.check_type__in?.split(',') : [query.check_type];
  const states = statesOf(query);
  return {
    beforeId: idAtCursor<EventId>(query.cursor),
    ...(states === undefined ? {} : { states }),
    ...(checkTypes === undefined ? {} : { checkTypes }),
    ...(query.active === undefined ? {} : { active: isTrue(query.active) }),
    ...(query.started_at__gte === undefined ? {} : { startedFromMs: Date.parse(query.started_at__gte) }),
    ...(query.started_at__lt === undefined ? {} : { startedBeforeMs: Date.parse(query.started_at__lt) }),
  };
}

function statesOf(query: QueryOf<typeof listEvents>): EventQuery['states'] {
  if (query.state === undefined) {
    return query.state__in === undefined
      ? undefined
      : listOf('state__in', query.state__in, STATES, 'invalid_state_filter');
  }
  if (query.state__in === undefined) return [query.state];
  throw new AppError('invalid_state_filter', 'state and state__in exclude each other', { fix: 'keep one of them' });
}
