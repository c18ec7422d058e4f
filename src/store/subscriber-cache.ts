/**
 * The active subscribers in memory, good for as long as their version in the database is the one they were read at. Asking
 * for the version is one tiny read; it is locked against change until the caller's transaction ends, so that a transition
 * committed after a subscriber was acknowledged is always held against that subscriber.
 */
import { indexSubscribers, type Subscriber, type SubscriberIndex } from '../domain/delivery-match.ts';
import { databaseNow } from './database-clock.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Tx } from './schema.ts';
import { eventsIn, siteIdsIn, statesIn } from './subscriber-filters.ts';

const SEQUENCE = 'subscriptions';

/** Read at a time, so that nothing is held up by many at once. */
const PAGE = 1_000;

export interface SubscriberCache {
  /** As of the caller's transaction, with what time the database has. */
  current(tx: Tx): Promise<{ subscribers: SubscriberIndex; nowMs: bigint }>;
}

/** Within the transaction that changes a subscriber, before anything else. */
export async function raiseVersion(tx: Tx, dialect: Dialect): Promise<void> {
  const row = { name: SEQUENCE, next_value: 1 };
  await dialect.upsert(tx, { table: 'jetmon_sequences', rows: [row], key: ['name'], keep: ['next_value'] });
  await tx
    .updateTable('jetmon_sequences')
    .set((eb) => ({ next_value: eb('next_value', '+', 1n) }))
    .where('name', '=', SEQUENCE)
    .execute();
}

export function createSubscriberCache(dialect: Dialect): SubscriberCache {
  let known: { version: bigint; subscribers: SubscriberIndex } | null = null;
  return {
    async current(tx) {
      const query = tx
        .selectFrom('jetmon_sequences')
        .select(['next_value', dialect.nowMs.as('now')])
        .where('name', '=', SEQUENCE);
      const row = await dialect.lockForShare(query).executeTakeFirst();
      // Somebody cleared the row: no reason to lose an event, only to read anew each time.
      if (row === undefined) {
        known = null;
        return { subscribers: await load(tx), nowMs: await databaseNow(tx, dialect) };
      }
      const { next_value: version, now } = row;
      // Nobody changes a subscriber in a transaction that also asks here, so what is read is committed, or will not be lost.
      if (known?.version !== version) known = { version, subscribers: await load(tx) };
      return { subscribers: known.subscribers, nowMs: BigInt(now) };
    },
  };
}

async function load(tx: Tx): Promise<SubscriberIndex> {
  const found: Subscriber[] = [];
  for (let after: bigint | null = 0n; after !== null; ) after = await loadWebhooks(tx, after, found);
  for (let after: bigint | null = 0n; after !== null; ) after = await loadContacts(tx, after, found);
  return indexSubscribers(found);
}

/** Where the next page begins; null after the last. */
async function loadWebhooks(tx: Tx, after: bigint, found: Subscriber[]): Promise<bigint | null> {
  const rows = await tx
    .selectFrom('jetmon_webhooks')
    .select(['id', 'events', 'site_filter', 'state_filter'])
    .where('active', '=', 1n)
    .where('id', '>', after)
    .orderBy('id')
    .limit(PAGE)
    .execute();
  for (const row of rows) {
    const events = eventsIn(row.events);
    const siteIds = siteIdsIn(row.site_filter);
    const states = statesIn(row.state_filter);
    if (events === null || siteIds === null || states === null) continue;
    found.push({
      family: 'webhook',
      subscriberId: row.id,
      events: setOf(events),
      siteIds: setOf<bigint>(siteIds),
      states: setOf(states),
    });
  }
  return rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
}

async function loadContacts(tx: Tx, after: bigint, found: Subscriber[]): Promise<bigint | null> {
  const rows = await tx
    .selectFrom('jetmon_alert_contacts')
    .select(['id', 'site_filter', 'min_severity'])
    .where('active', '=', 1n)
    .where('id', '>', after)
    .orderBy('id')
    .limit(PAGE)
    .execute();
  for (const { id, site_filter, min_severity } of rows) {
    const siteIds = siteIdsIn(site_filter);
    if (siteIds === null) continue;
    const minSeverity = Number(min_severity);
    found.push({ family: 'contact', subscriberId: id, siteIds: setOf<bigint>(siteIds), minSeverity });
  }
  return rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
}

/** Null for an empty list: it asks for everything. */
function setOf<T>(list: readonly T[]): Set<T> | null {
  return list.length === 0 ? null : new Set(list);
}
