/** The in-process bus: who must know learns of changes after they are committed. Not durable; the tables are the truth. */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { OpenIncident } from '../domain/incident.ts';
import type { Log } from '../telemetry/log.ts';
import type { TransitionRecord } from './event-records.ts';
import type { StoredWindow } from './maintenance-rows.ts';

export type Committed = {
  kind: 'committed';
  siteId: SiteId;
  endpointId: EndpointId | null;
  checkType: string;
  eventId: EventId;
  /** What is open on this identity now. */
  open: OpenIncident | null;
  /** In order; never empty. */
  transitions: readonly TransitionRecord[];
};

export type SiteChanged = {
  kind: 'site_changed';
  siteId: SiteId;
  endpointIds: readonly EndpointId[];
  change: 'created' | 'updated' | 'removed';
};

/** The state of a site changed with a commit; told after the events it follows from. */
export type SiteStateChanged = { kind: 'site_state'; siteId: SiteId; transition: TransitionRecord };

/** Plans of maintenance as they are now, with the earlier versions of those that were changed. */
export type MaintenanceChanged = { kind: 'maintenance_changed'; windows: readonly StoredWindow[] };

export type Change = Committed | SiteChanged | SiteStateChanged | MaintenanceChanged;

export interface Changes {
  /** Tells every subscriber, in the order they came, before it returns. Never throws. */
  publish(change: Change): void;
  /** Returns the way to stop listening. */
  subscribe(listener: (change: Change) => void): () => void;
}

export function createChanges(deps: { log: Pick<Log, 'error'> }): Changes {
  const subscriptions = new Set<{ listener: (change: Change) => void }>();
  return {
    publish(change) {
      for (const { listener } of [...subscriptions]) {
        try {
          listener(change);
        } catch (error) {
          deps.log.error({ err: error, change: change.kind }, 'a listener failed on a change; the others were told');
        }
      }
    },
    subscribe(listener) {
      const subscription = { listener };
      subscriptions.add(subscription);
      return () => subscriptions.delete(subscription);
    },
  };
}
