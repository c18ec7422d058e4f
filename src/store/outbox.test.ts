import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { opened, temporaryOutbox } from '../../test/kit/delivery.ts';
import { appendTo, countStatements, temporaryStore } from '../../test/kit/store.ts';
import type { EventId, SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import { type CommittedTransition, createOutbox } from './outbox.ts';

/** The row of a transition under an id that was given to it earlier, and its deliveries. */
async function commitLate(db: Database, outbox: ReturnType<typeof createOutbox>, committed: CommittedTransition) {
  const { transitionId, eventId, siteId, reason, changedAtMs } = committed.transition;
  const row = {
    id: transitionId,
    event_id: eventId,
    blog_id: siteId,
    seq: 1,
    state_after: 'Seems Down',
    severity_after: 3,
    reason,
    source: 'local',
    op_id: `op-${transitionId}`,
    epoch: 0,
    changed_at: changedAtMs,
  };
  await db.transaction(async (tx) => {
    await tx.insertInto('jetmon_event_transitions').values(row).execute();
    await outbox.enqueue(tx, [committed]);
  });
}

describe('a transition that commits late', () => {
  it('is delivered, where a reader with a high-water mark passes it over (D1)', async () => {
    const { db, addWebhook, deliveries } = await temporaryOutbox();
    await addWebhook();
    const outbox = createOutbox({ db });
    let mark = 0n;
    const seenByMark: bigint[] = [];
    const readPastMark = async () => {
      const newer = db.kysely.selectFrom('jetmon_event_transitions').select('id').where('id', '>', mark).orderBy('id');
      for (const { id } of await newer.execute()) {
        seenByMark.push(id);
        mark = id;
      }
    };
    // The first writer was given 10 and is slow; the second was given 11 and commits at once.
    await commitLate(db, outbox, opened(11));
    await readPastMark();
    await commitLate(db, outbox, opened(10));
    await readPastMark();
    expect(seenByMark).toEqual([11n]);
    expect((await deliveries()).map((row) => row.transition_id).sort()).toEqual([10n, 11n]);
  });
});

describe('an outbox that cannot be written', () => {
  it('takes the whole mutation back, and nothing is skipped when it is tried again (D2)', async () => {
    const store = await temporaryStore();
    const { db, events } = store;
    const { addWebhook, deliveries } = await temporaryOutbox(db);
    await addWebhook();
    const endpoint = await store.addEndpoint();
    const outage = appendTo(endpoint, [{ op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' }]);
    const append = () => events.append(outage);
    await db.kysely.schema.alterTable('jetmon_deliveries').renameTo('elsewhere').execute();
    await expect(append()).rejects.toThrow();
    expect(await store.queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
    expect(await db.kysely.selectFrom('jetmon_event_transitions').select('id').execute()).toEqual([]);
    await db.kysely.schema.alterTable('elsewhere').renameTo('jetmon_deliveries').execute();
    await append();
    expect(await deliveries()).toMatchObject([{ event_type: 'event.opened', status: 'pending', attempt: 0n }]);
    expect(await brokenInvariants(db)).toEqual([]);
  });
});

describe('deliveries', () => {
  it('are one for each subscriber and transition, however often they are asked for', async () => {
    const { enqueue, addWebhook, addContact, deliveries } = await temporaryOutbox();
    const [hook, contact] = [await addWebhook(), await addContact({ minSeverity: 3 })];
    expect(await enqueue(opened(1), opened(2))).toBe(4);
    const first = await deliveries();
    await enqueue(opened(1), opened(2));
    expect(await deliveries()).toEqual(first);
    expect(first.map((row) => [row.family, row.subscriber_id, row.transition_id, row.event_type])).toEqual([
      ['webhook', hook, 1n, 'event.opened'],
      ['contact', contact, 1n, 'alert.opened'],
      ['webhook', hook, 2n, 'event.opened'],
      ['contact', contact, 2n, 'alert.opened'],
    ]);
  });

  it('hold the exact ids and the bytes that will be sent', async () => {
    const { enqueue, addWebhook, deliveries } = await temporaryOutbox();
    const siteId = (2n ** 63n - 1n) as SiteId;
    const eventId = (2n ** 53n + 1n) as EventId;
    await addWebhook({ siteIds: [siteId] });
    await enqueue(opened(3, { siteId, eventId }), opened(4));
    expect(await deliveries()).toMatchObject([
      {
        blog_id: siteId,
        event_id: eventId,
        payload:
          '{"event_id":9007199254740993,"occurred_at":"1970-01-01T00:00:01.000Z","reason":"opened",' +
          '"site_id":9223372036854775807,"state":"Seems Down","transition_id":3,"type":"event.opened"}',
      },
    ]);
  });

  it('follow every change of a subscriber from its commit on, also one made by another process', async () => {
    const { db, enqueue, deliveries, subscriptions } = await temporaryOutbox();
    const other = (await temporaryOutbox(db)).subscriptions;
    let next = 0;
    const told = async () => {
      next += 1;
      await enqueue(opened(next));
      return (await deliveries()).filter((row) => row.transition_id === BigInt(next)).length;
    };
    expect(await told()).toBe(0);
    const { webhook } = await other.createWebhook({ url: 'https://a.example/', createdBy: 'test' });
    expect(await told()).toBe(1);
    await subscriptions.updateWebhook(webhook.webhookId, { active: false });
    expect(await told()).toBe(0);
    await other.updateWebhook(webhook.webhookId, { active: true, siteIds: [2n as SiteId] });
    expect(await told()).toBe(0);
    await other.updateWebhook(webhook.webhookId, { siteIds: [] });
    expect(await told()).toBe(1);
    await other.deleteWebhook(webhook.webhookId);
    expect(await told()).toBe(0);
  });

  it('are written also where the version of the subscribers was cleared away', async () => {
    const { db, enqueue, addWebhook, deliveries } = await temporaryOutbox();
    await addWebhook();
    await db.kysely.deleteFrom('jetmon_sequences').execute();
    await enqueue(opened(1));
    await addWebhook();
    await enqueue(opened(2));
    expect((await deliveries()).map((row) => row.transition_id)).toEqual([1n, 2n, 2n]);
  });

  it('are not written for a subscriber whose filter cannot be read, and are for the others', async () => {
    const { db, enqueue, addWebhook, deliveries } = await temporaryOutbox();
    const poisoned = await addWebhook();
    const sound = await addWebhook();
    const filter = { site_filter: '{"site_ids":["x"' };
    await db.kysely.updateTable('jetmon_webhooks').set(filter).where('id', '=', poisoned).execute();
    await enqueue(opened(1));
    expect((await deliveries()).map((row) => row.subscriber_id)).toEqual([sound]);
  });
});

describe('the cost', () => {
  async function counted() {
    const { db } = await temporaryStore();
    const watched = countStatements(db);
    return { ...(await temporaryOutbox(watched.db)), sent: watched.sent, reset: watched.reset };
  }
  const many = Array.from({ length: 300 }, (_, index) => opened(index + 1));

  it('is one small read for a batch where nobody subscribes, and no row', async () => {
    const { enqueue, deliveries, sent, reset } = await counted();
    await enqueue(opened(1_000));
    reset();
    await enqueue(...many);
    expect(sent()).toEqual(['SelectQueryNode']);
    expect(await deliveries()).toEqual([]);
  });

  it('is nothing at all for what is never delivered', async () => {
    const { enqueue, sent, reset, addWebhook } = await counted();
    await addWebhook();
    reset();
    await enqueue(opened(1, { checkType: 'site_state' }), opened(2, { checkType: 'monitor', siteId: 0n as SiteId }));
    expect(sent()).toEqual([]);
  });

  it('is statements of some hundred rows where many are told', async () => {
    const { enqueue, addWebhook, deliveries, sent, reset } = await counted();
    await addWebhook();
    await addWebhook();
    await enqueue(opened(1_000));
    reset();
    await enqueue(...many);
    expect(sent()).toEqual(['SelectQueryNode', ...Array(3).fill('InsertQueryNode')]);
    expect(await deliveries()).toHaveLength(602);
  });
});
