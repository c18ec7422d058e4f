/** Closes what is open on a site by hand, inside the transaction that pauses, removes or redirects it. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Change } from '../store/changes.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';

type Deps = Pick<ServiceDeps, 'events' | 'eventQueries' | 'clock' | 'random'>;

export type Closing = {
  siteId: SiteId;
  /** Only the events of this endpoint; absent: all of the site. */
  only?: EndpointId;
  /** Why, for people. */
  note: string;
  /** Whether the status column of the legacy registry follows. */
  project: boolean;
};

/** What to publish once the transaction is committed. */
export async function closeOpenEvents(deps: Deps, tx: Tx, { siteId, only, note, project }: Closing): Promise<Change[]> {
  const open = (await deps.eventQueries.openBySites([siteId], tx)).get(siteId) ?? [];
  const closing = only === undefined ? open : open.filter((event) => event.endpointId === only);
  const opId = `manual-${Buffer.from(deps.random.bytes(16)).toString('hex')}`;
  const changes: Change[] = [];
  for (const { endpointId, checkType, discriminator, eventId } of closing) {
    const appended = await deps.events.appendWithin(tx, {
      identity: { siteId, endpointId, checkType, discriminator },
      mutations: [{ op: 'close', reason: 'manual_override' }],
      failing: null,
      opId: `${opId}-${eventId}`,
      epoch: 0,
      atMs: deps.clock.nowMs(),
      source: 'api',
      metadata: { note },
      project,
      onlyWhileWatching: null,
    });
    if (appended.announcement !== null) changes.push(appended.announcement);
  }
  return changes;
}
