/**
 * Deliveries under way: claimed for a while by a token, and settled only by who still holds that token. Leases and due
 * times are measured by the clock of the database. Sends nothing itself.
 */
import { type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { EventId, SiteId, TransitionId } from '../domain/ids.ts';
import type { Random } from '../lib/random.ts';
import { fitText } from '../lib/text.ts';
import type { Database } from './database.ts';
import { databaseNow } from './database-clock.ts';
import type { Schema, Tx } from './schema.ts';
import type { DeliveriesTable } from './schema-delivery.ts';

export type Family = DeliveriesTable['family'];

export type Claim = {
  deliveryId: bigint;
  /** Good until the lease is over and another has claimed the delivery. */
  leaseToken: string;
  family: Family;
  subscriberId: bigint;
  transitionId: TransitionId;
  eventId: EventId;
  siteId: SiteId;
  eventType: string;
  /** After the transition; 0 on a close. */
  severity: number;
  /** The bytes to send, the same at every attempt. */
  payload: string;
  /** Attempts that came to an end before this one. */
  attempts: number;
};

export type ClaimRequest = {
  /** At most this many at once. */
  limit: number;
  /** At most this many under way for one subscriber, over all who claim. */
  perSubscriber: number;
  leaseMs: number;
};

export type Outcome = {
  /** 0: no answer came. */
  statusCode: number;
  /** Kept up to 2,048 characters. */
  response: string;
};

/** Each of the settling ones is false, and changes nothing, when somebody else has the delivery by now. */
export interface DeliveryClaims {
  /**
   * Takes due deliveries, those that waited longest first. One that cannot start, because enough is under way for its
   * subscriber, is passed over and left free.
   */
  claim(request: ClaimRequest): Promise<Claim[]>;
  complete(claim: Claim, outcome: Outcome): Promise<boolean>;
  /** The attempt failed; the next is due `delayMs` from now. */
  retryLater(claim: Claim, outcome: Outcome, delayMs: number): Promise<boolean>;
  /** The attempt failed, and it was the last. */
  abandon(claim: Claim, outcome: Outcome): Promise<boolean>;
  /** No attempt was made: as if it had never been claimed. */
  release(claim: Claim): Promise<boolean>;
}

const MAX_RESPONSE = 2_048;
/** Rounds of looking for due deliveries; each leaves out subscribers that the ones before found busy. */
const MAX_ROUNDS = 10;
const MIN_PAGE = 100;

export function createDeliveryClaims(deps: { db: Database; random: Random }): DeliveryClaims {
  const { db, random } = deps;
  const { dialect } = db;

  async function claim(tx: Tx, request: ClaimRequest, leaseToken: string): Promise<Claim[]> {
    // Those who claim take turns: only so does a limit per subscriber hold over all of them.
    const turn = tx.selectFrom('jetmon_sequences').select('name').where('name', '=', 'delivery_claims');
    await dialect.lockForUpdate(turn).execute();
    const now = await databaseNow(tx, dialect);
    const ids = await startable(tx, request, now);
    if (ids.length === 0) return [];
    await tx
      .updateTable('jetmon_deliveries')
      .set({ lease_token: leaseToken, lease_until: now + BigInt(request.leaseMs) })
      .where('id', 'in', ids)
      .where(isDue(now))
      .execute();
    const mine = tx.selectFrom('jetmon_deliveries').selectAll().where('id', 'in', ids);
    const rows = await mine.where('lease_token', '=', leaseToken).orderBy('next_attempt_at').orderBy('id').execute();
    return rows.map((row) => ({
      deliveryId: row.id,
      leaseToken,
      family: row.family,
      subscriberId: row.subscriber_id,
      transitionId: row.transition_id as TransitionId,
      eventId: row.event_id as EventId,
      siteId: row.blog_id as SiteId,
      eventType: row.event_type,
      severity: Number(row.severity),
      payload: row.payload,
      attempts: Number(row.attempt),
    }));
  }

  async function settle(claim: Claim, values: Settled): Promise<boolean> {
    const { numUpdatedRows } = await db.kysely
      .updateTable('jetmon_deliveries')
      .set({ ...values, lease_token: null, lease_until: null })
      .where('id', '=', claim.deliveryId)
      .where('lease_token', '=', claim.leaseToken)
      .where('status', '=', 'pending')
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  const attempted = (claim: Claim, { statusCode, response }: Outcome) => ({
    attempt: BigInt(claim.attempts + 1),
    last_status_code: BigInt(statusCode),
    last_response: fitText(response, MAX_RESPONSE),
    last_attempt_at: dialect.nowMs,
  });

  return {
    claim(request) {
      const token = Buffer.from(random.bytes(16)).toString('hex');
      return db.transaction((tx) => claim(tx, request, token));
    },
    complete: (claim, outcome) =>
      settle(claim, {
        ...attempted(claim, outcome),
        status: 'delivered',
        delivered_at: dialect.nowMs,
        next_attempt_at: null,
      }),
    retryLater: (claim, outcome, delayMs) =>
      settle(claim, {
        ...attempted(claim, outcome),
        next_attempt_at: sql<bigint>`${dialect.nowMs} + ${BigInt(Math.trunc(delayMs))}`,
      }),
    abandon: (claim, outcome) =>
      settle(claim, { ...attempted(claim, outcome), status: 'abandoned', next_attempt_at: null }),
    release: (claim) => settle(claim, {}),
  };
}

type Settled = {
  status?: string;
  attempt?: bigint;
  next_attempt_at?: RawBuilder<bigint> | null;
  last_status_code?: bigint;
  last_response?: string;
  last_attempt_at?: RawBuilder<bigint>;
  delivered_at?: RawBuilder<bigint>;
};

type Builder = ExpressionBuilder<Schema, 'jetmon_deliveries'>;

/** Also what somebody claimed and never settled. */
function isDue(now: bigint) {
  return (eb: Builder): Expression<SqlBool> =>
    eb.and([
      eb('status', '=', 'pending'),
      eb('next_attempt_at', '<=', now),
      eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]),
    ]);
}

type Subscriber = { family: Family; subscriber_id: bigint };

const keyOf = ({ family, subscriber_id }: Subscriber) => `${family} ${subscriber_id}`;

/** Due deliveries that may start now, by how long they waited. */
async function startable(tx: Tx, { limit, perSubscriber }: ClaimRequest, now: bigint): Promise<bigint[]> {
  const underWay = await countUnderWay(tx, now);
  const page = Math.max(MIN_PAGE, limit * 2);
  const chosen = new Set<bigint>();
  for (let round = 0; round < MAX_ROUNDS && chosen.size < limit; round++) {
    const busy = [...underWay.values()].filter(({ count }) => count >= perSubscriber);
    const rows = await tx
      .selectFrom('jetmon_deliveries')
      .select(['id', 'family', 'subscriber_id'])
      .where(isDue(now))
      .where(isForOthers(busy))
      .orderBy('next_attempt_at')
      .orderBy('id')
      .limit(page)
      .execute();
    for (const row of rows) {
      const of = underWay.get(keyOf(row)) ?? { ...row, count: 0 };
      if (chosen.size >= limit || of.count >= perSubscriber || chosen.has(row.id)) continue;
      chosen.add(row.id);
      underWay.set(keyOf(row), { ...of, count: of.count + 1 });
    }
    if (rows.length < page) break;
  }
  return [...chosen];
}

async function countUnderWay(tx: Tx, now: bigint): Promise<Map<string, Subscriber & { count: number }>> {
  const rows = await tx
    .selectFrom('jetmon_deliveries')
    .select((eb) => ['family', 'subscriber_id', eb.fn.countAll<bigint>().as('count')])
    .where('lease_until', '>', now)
    .where('status', '=', 'pending')
    .groupBy(['family', 'subscriber_id'])
    .execute();
  return new Map(rows.map((row) => [keyOf(row), { ...row, count: Number(row.count) }]));
}

function isForOthers(busy: readonly Subscriber[]) {
  return (eb: Builder): Expression<SqlBool> => {
    const families = (['webhook', 'contact'] as const).flatMap((family) => {
      const ids = busy.filter((one) => one.family === family).map(({ subscriber_id }) => subscriber_id);
      return ids.length === 0 ? [] : [eb.or([eb('family', '<>', family), eb('subscriber_id', 'not in', ids)])];
    });
    return eb.and(families);
  };
}
