/** One event, and every step of it. */
import { AppError } from '../domain/errors.ts';
import type { EventId, SiteId, TransitionId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { EventRecord, TransitionRecord } from '../store/event-records.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';

type Deps = Pick<ServiceDeps, 'eventQueries'>;

/** Steps shown with an event, the newest; the paged list has them all. */
const MAX_TRANSITIONS = 1_000;

export type EventDetail = { event: EventRecord; transitions: TransitionRecord[] };

/** With a site id, the event must be one of that site. Throws `event_not_found`. */
export async function findEvent(
  deps: Deps,
  scope: SiteScope,
  eventId: EventId,
  siteId: SiteId | null,
  tx?: Tx,
): Promise<EventRecord> {
  const event = await deps.eventQueries.byId(scope, eventId, tx);
  if (event !== null && (siteId === null || event.siteId === siteId)) return event;
  const of = siteId === null ? '' : ` of site ${siteId}`;
  throw new AppError('event_not_found', `there is no event ${eventId}${of}`, {
    fix: 'list the events to see their ids',
    details: { event_id: eventId },
  });
}

/** The event with its newest transitions, oldest of them first. Throws `event_not_found`. */
export async function findEventDetail(
  deps: Deps,
  scope: SiteScope,
  eventId: EventId,
  siteId: SiteId | null,
): Promise<EventDetail> {
  const event = await findEvent(deps, scope, eventId, siteId);
  const transitions = await deps.eventQueries.lastTransitions(scope, eventId, MAX_TRANSITIONS);
  return { event, transitions };
}

export type TransitionPage = { transitions: TransitionRecord[]; next: TransitionId | null };

/** One page of an event's transitions, oldest first. Throws `event_not_found`. */
export async function listTransitions(
  deps: Deps,
  scope: SiteScope,
  query: { eventId: EventId; siteId: SiteId | null; afterId: TransitionId | null; limit: number },
): Promise<TransitionPage> {
  await findEvent(deps, scope, query.eventId, query.siteId);
  const after = query.afterId === null ? {} : { afterId: query.afterId };
  const found = await deps.eventQueries.transitions(scope, query.eventId, { ...after, limit: query.limit + 1 });
  const transitions = found.slice(0, query.limit);
  const next = found.length > transitions.length ? (transitions.at(-1)?.transitionId ?? null) : null;
  return { transitions, next };
}
