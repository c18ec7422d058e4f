/**
 * Who carries out a request that may be sent more than once, and what was answered. A reservation belongs to one owner
 * until its lease runs out by the clock of the database; then whoever sends the request again may take it over.
 */
import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import { databaseNow } from './database-clock.ts';
import type { Tx } from './schema.ts';
import type { IdempotencyTable } from './schema-idempotency.ts';

export type Reservation = {
  /** 64 hex digits that name who asks for what under which key. */
  slot: string;
  /** Never used for another reservation; at most 64 characters. */
  owner: string;
};

export type WantedReservation = Reservation & {
  /** Whose live keys are counted together. `tenant` is empty where there is none. */
  tenant: string;
  caller: string;
  /** 64 hex digits; another request under the same key has another. */
  requestHash: string;
};

export type Reserved =
  /** Carry it out, then `keep` or `release`. */
  | { kind: 'reserved' }
  /** It was carried out. `reply` is JSON; null where the reply has no body. */
  | { kind: 'done'; status: number; reply: string | null }
  /** It was carried out, and its reply is not kept; `facts` is JSON of what may be said of it. */
  | { kind: 'withheld'; facts: string }
  /** Somebody is at it since `forMs`, and for at most `leftMs` more. */
  | { kind: 'in_flight'; forMs: number; leftMs: number }
  /** The key stands for another request. */
  | { kind: 'conflict' }
  /** The caller has too many keys; the next one runs out in `freeInMs`. */
  | { kind: 'full'; freeInMs: number };

export type Outcome =
  | { state: 'done'; status: number; reply: string | null }
  | { state: 'withheld'; status: number; facts: string };

export interface IdempotencyStore {
  reserve(wanted: WantedReservation): Promise<Reserved>;
  /** False when the reservation was taken over meanwhile: then what the other one says counts. */
  keep(reservation: Reservation, outcome: Outcome): Promise<boolean>;
  /** Lets the next one carry it out. Nothing happens where the reservation was taken over. */
  release(reservation: Reservation): Promise<void>;
  /** Removes up to `limit` keys that have run out, and says how many. */
  removeExpired(limit: number): Promise<number>;
}

export type IdempotencyLimits = {
  /** How long an owner that says nothing more is waited for. */
  leaseMs: number;
  /** How long an answer is kept. */
  keepMs: number;
  /** Live keys of one caller of one tenant; those who come at the same instant may exceed it by a few. */
  maxKeys: number;
};

/** The lease is longer than any request that is not stuck. */
export const IDEMPOTENCY_LIMITS: IdempotencyLimits = { leaseMs: 60_000, keepMs: 86_400_000, maxKeys: 10_000 };

type Row = Selectable<IdempotencyTable>;

export function createIdempotencyStore(db: Database, limits: IdempotencyLimits = IDEMPOTENCY_LIMITS): IdempotencyStore {
  const { dialect } = db;

  async function reserve(tx: Tx, wanted: WantedReservation): Promise<Reserved> {
    const query = tx.selectFrom('jetmon_idempotency').selectAll().where('slot', '=', wanted.slot);
    const row = await dialect.lockForUpdate(query).executeTakeFirst();
    const now = await databaseNow(tx, dialect);
    if (row === undefined) {
      const full = await fullness(tx, wanted, now, limits.maxKeys);
      if (full !== null) return full;
      await tx
        .insertInto('jetmon_idempotency')
        .values({ slot: wanted.slot, ...claimOf(wanted, now, limits) })
        .execute();
      return { kind: 'reserved' };
    }
    const standing = row.expires_at <= now ? null : standingOf(row, wanted, now);
    if (standing !== null) return standing;
    await tx
      .updateTable('jetmon_idempotency')
      .set(claimOf(wanted, now, limits))
      .where('slot', '=', wanted.slot)
      .execute();
    return { kind: 'reserved' };
  }

  return {
    reserve: (wanted) => db.transaction((tx) => reserve(tx, wanted), { retryDuplicates: true }),
    keep: ({ slot, owner }, outcome) =>
      db.transaction(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('jetmon_idempotency')
          .set({
            state: outcome.state,
            status: outcome.status,
            reply: outcome.state === 'done' ? outcome.reply : outcome.facts,
          })
          .where('slot', '=', slot)
          .where('owner', '=', owner)
          .where('state', '=', 'in_flight')
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    async release({ slot, owner }) {
      await db.transaction((tx) =>
        tx
          .deleteFrom('jetmon_idempotency')
          .where('slot', '=', slot)
          .where('owner', '=', owner)
          .where('state', '=', 'in_flight')
          .execute(),
      );
    },
    removeExpired: (limit) => removeExpired(db, limit),
  };
}

/** What a row that has not run out says to the same slot; null: its owner is gone, and it may be taken over. */
function standingOf(row: Row, wanted: WantedReservation, now: bigint): Reserved | null {
  // A transaction whose commit was not answered, and which is run once more.
  if (row.owner === wanted.owner) return { kind: 'reserved' };
  if (row.request_hash !== wanted.requestHash) return { kind: 'conflict' };
  if (row.state === 'withheld') return { kind: 'withheld', facts: row.reply ?? '{}' };
  if (row.state === 'done') return { kind: 'done', status: Number(row.status), reply: row.reply };
  if (row.lease_until <= now) return null;
  return {
    kind: 'in_flight',
    forMs: Number(now - row.created_at),
    leftMs: Number(row.lease_until - now),
  };
}

function claimOf(
  { tenant, caller, requestHash, owner }: WantedReservation,
  now: bigint,
  { leaseMs, keepMs }: IdempotencyLimits,
) {
  return {
    tenant_id: tenant,
    caller,
    request_hash: requestHash,
    state: 'in_flight',
    owner,
    lease_until: now + BigInt(leaseMs),
    status: null,
    reply: null,
    created_at: now,
    expires_at: now + BigInt(keepMs),
  };
}

async function fullness(
  tx: Tx,
  { tenant, caller }: WantedReservation,
  now: bigint,
  maxKeys: number,
): Promise<Reserved | null> {
  const live = tx
    .selectFrom('jetmon_idempotency')
    .where('tenant_id', '=', tenant)
    .where('caller', '=', caller)
    .where('expires_at', '>', now);
  const { keys } = await tx
    .selectFrom(live.select('slot').limit(maxKeys).as('live'))
    .select((eb) => eb.fn.countAll<bigint>().as('keys'))
    .executeTakeFirstOrThrow();
  if (Number(keys) < maxKeys) return null;
  const next = await live.select('expires_at').orderBy('expires_at').limit(1).executeTakeFirstOrThrow();
  return { kind: 'full', freeInMs: Number(next.expires_at - now) };
}

/** Found without a lock, so that nobody who asks waits for it; a key that was taken anew meanwhile stays. */
async function removeExpired(db: Database, limit: number): Promise<number> {
  const { nowMs } = db.dialect;
  const expired = await db.kysely
    .selectFrom('jetmon_idempotency')
    .select('slot')
    .where('expires_at', '<=', nowMs)
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  if (expired.length === 0) return 0;
  const slots = expired.map(({ slot }) => slot);
  await db.transaction((tx) =>
    tx.deleteFrom('jetmon_idempotency').where('slot', 'in', slots).where('expires_at', '<=', nowMs).execute(),
  );
  return slots.length;
}
