/**
 * Closes an event by hand. Whoever watches the site reads it again and looks at once: what is still wrong opens a new event,
 * with evidence of its own.
 */
import { AppError } from '../domain/errors.ts';
import type { EventId, SiteId } from '../domain/ids.ts';
import type { CloseReason } from '../domain/mutation.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import { isOutcomeUnknown } from '../store/dialect/trouble.ts';
import type { EventRecord } from '../store/event-records.ts';
import { auditSite } from './audit-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { type EventDetail, findEvent, findEventDetail } from './find-event.ts';
import { closeOpenEvents } from './follow-site.ts';

type Deps = Pick<ServiceDeps, 'database' | 'events' | 'eventQueries' | 'changes' | 'clock' | 'random'>;

export type ClosingByHand = { siteId: SiteId; eventId: EventId; reason: CloseReason; note: string | null };

/** One that is closed already stays as it is. Throws `event_not_found` or `event_not_closable`. */
export async function closeEvent(
  deps: Deps,
  policy: SitePolicy,
  scope: SiteScope,
  { siteId, eventId, reason, note }: ClosingByHand,
): Promise<EventDetail> {
  const event = await findEvent(deps, scope, eventId, siteId);
  if (event.checkType === SITE_STATE_CHECK) throw notClosable(event);
  if (event.endedAtMs !== null) return findEventDetail(deps, scope, eventId, siteId);
  const siteChanged: Change = {
    kind: 'site_changed',
    siteId,
    endpointIds: event.endpointId === null ? [] : [event.endpointId],
    change: 'updated',
  };
  try {
    const closed = await deps.database.transaction(async (tx) => {
      const now = await findEvent(deps, scope, eventId, siteId, tx);
      if (now.endedAtMs !== null) return [];
      const facts = { event_id: String(eventId), reason };
      await auditSite(deps, tx, { siteId, detail: `event ${eventId} closed by hand`, facts });
      return closeOpenEvents(deps, tx, { siteId, event: eventId, reason, note, project: policy.projectStatus });
    });
    for (const change of closed) deps.changes.publish(change);
    if (closed.length > 0) deps.changes.publish(siteChanged);
  } catch (error) {
    if (isOutcomeUnknown(error)) deps.changes.publish(siteChanged);
    throw error;
  }
  return findEventDetail(deps, scope, eventId, siteId);
}

function notClosable({ eventId }: EventRecord): AppError {
  return new AppError(
    'event_not_closable',
    `event ${eventId} records the state of its site, which follows from its other events`,
    {
      fix: 'close the events that it follows from, or pause the site',
      details: { event_id: eventId },
    },
  );
}
