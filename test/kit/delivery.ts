/** An outbox with subscribers on a database of its own, and transitions to put through it. */
import type { EndpointId, EventId, SiteId, TransitionId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { Database } from '../../src/store/database.ts';
import { createDeliveryClaims } from '../../src/store/delivery-claims.ts';
import type { TransitionRecord } from '../../src/store/event-records.ts';
import { type CommittedTransition, createOutbox } from '../../src/store/outbox.ts';
import { createSubscriptions } from '../../src/store/subscriptions.ts';
import { temporaryDatabase } from './store.ts';

export async function temporaryOutbox(given?: Database) {
  const db = given ?? (await temporaryDatabase());
  const outbox = createOutbox({ db });
  const subscriptions = createSubscriptions({ db, clock: systemClock, random: systemRandom });
  return {
    db,
    subscriptions,
    claims: createDeliveryClaims({ db, random: systemRandom }),
    /** In a transaction of its own. */
    enqueue: (...committed: CommittedTransition[]) => db.transaction((tx) => outbox.enqueue(tx, committed)),
    enqueueWithin: outbox.enqueue,
    addWebhook: async (change: Partial<Parameters<typeof subscriptions.createWebhook>[0]> = {}) =>
      (await subscriptions.createWebhook({ url: 'https://hook.example/', createdBy: 'test', ...change })).webhook
        .webhookId,
    addContact: async (change: Partial<Parameters<typeof subscriptions.createContact>[0]> = {}) => {
      const destination = { address: 'ops@example.org' };
      const wanted = { label: 'ops', transport: 'email', destination, createdBy: 'test', ...change } as const;
      return (await subscriptions.createContact(wanted)).contactId;
    },
    deliveries: () => db.kysely.selectFrom('jetmon_deliveries').selectAll().orderBy('id').execute(),
  };
}

/** The opening of an outage on the http check, to be changed where a test cares. */
export function opened(
  transitionId: number | bigint,
  change: Partial<TransitionRecord> & { checkType?: string } = {},
): CommittedTransition {
  const { checkType = 'http', ...rest } = change;
  const transition: TransitionRecord = {
    transitionId: BigInt(transitionId) as TransitionId,
    eventId: BigInt(transitionId) as EventId,
    siteId: 1n as SiteId,
    seq: 1,
    severityBefore: null,
    severityAfter: 3,
    stateBefore: null,
    stateAfter: 'Seems Down',
    reason: 'opened',
    source: 'local',
    metadata: null,
    changedAtMs: 1_000,
    ...rest,
  };
  const { siteId } = transition;
  return { identity: { siteId, endpointId: 1n as EndpointId, checkType, discriminator: null }, transition };
}
