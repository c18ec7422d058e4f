/**
 * The log follows a change of a site: what is open is closed by hand, and the site's own event is brought up to date,
 * inside the transaction that creates, pauses, resumes, removes or redirects it.
 */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { CloseReason } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { SiteCue } from '../store/append/append-input.ts';
import type { Change } from '../store/changes.ts';
import type { EventRecord } from '../store/event-records.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';

type Deps = Pick<ServiceDeps, 'events' | 'eventQueries' | 'clock' | 'random'>;

export type Closing = {
  siteId: SiteId;
  /** Only the events of this endpoint; absent: all of the site. */
  only?: EndpointId;
  /** Only this one event. */
  event?: EventId;
  /** Absent: `manual_override`. */
  reason?: CloseReason;
  /** Why, for people; null: nobody said. */
  note: string | null;
  /** Only those of which this is true. */
  where?(event: EventRecord): boolean;
  /** Whether the status column of the legacy registry follows. */
  project: boolean;
};

/** What to publish once the transaction is committed. */
export async function closeOpenEvents(deps: Deps, tx: Tx, what: Closing): Promise<Change[]> {
  const { siteId, only, event: theOne, where, reason = 'manual_override', note, project } = what;
  const open = (await deps.eventQueries.openBySites(EVERY_SITE, [siteId], tx)).get(siteId) ?? [];
  const closing = open.filter(
    (event) =>
      (only === undefined || event.endpointId === only) &&
      (theOne === undefined || event.eventId === theOne) &&
      (where === undefined || where(event)),
  );
  const opId = newOpId(deps);
  const { changes } = await deps.events.appendWithin(
    tx,
    closing.map(({ endpointId, checkType, discriminator, eventId }) => ({
      identity: { siteId, endpointId, checkType, discriminator },
      mutations: [{ op: 'close', reason }],
      failing: null,
      opId: `${opId}-${eventId}`,
      epoch: 0,
      atMs: deps.clock.nowMs(),
      source: 'api',
      metadata: { note, source: 'api' },
      project,
      onlyWhileWatching: null,
      onlyEvent: eventId,
    })),
    [cueFor(deps, siteId, opId)],
  );
  return changes;
}

/** The same where nothing has to be closed. */
export async function followSite(deps: Omit<Deps, 'eventQueries'>, tx: Tx, siteId: SiteId): Promise<Change[]> {
  const { changes } = await deps.events.appendWithin(tx, [], [cueFor(deps, siteId, newOpId(deps))]);
  return changes;
}

function cueFor({ clock }: Pick<Deps, 'clock'>, siteId: SiteId, opId: string): SiteCue {
  return { siteId, opId, epoch: 0, atMs: clock.nowMs(), source: 'api' };
}

function newOpId({ random }: Pick<Deps, 'random'>): string {
  return `manual-${Buffer.from(random.bytes(16)).toString('hex')}`;
}
