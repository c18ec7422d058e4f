/**
 * Who watches which bucket. A bucket belongs to one owner until its lease runs out by the clock of the database, whatever
 * the hosts think the time is. Each time it is taken its epoch rises, so that a writer who was asleep can be told apart.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';
import { databaseNow } from './database-clock.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Tx } from './schema.ts';

export type OwnedBucket = { bucket: number; epoch: bigint };

export type ClaimRequest = {
  /** Names one life of one process, such as `host-a:<uuid>`: at most 255 characters, never used again. */
  owner: string;
  /** At most this many in all, those it has already included. */
  wanted: number;
  leaseMs: number;
};

export type Claimed = {
  /** Everything this owner has now. */
  owned: OwnedBucket[];
  /** Buckets that nobody watches: hosts are too few, or want too little. */
  unowned: number;
};

export interface Leases {
  /**
   * Takes free and expired buckets up to the owner's fair share among the hosts that are alive, and gives up what it has
   * beyond that. Leases it has are not prolonged. Says that this host is alive.
   */
  claim(request: ClaimRequest): Promise<Claimed>;
  /** Prolongs this owner's leases that have not run out, and says that this host is alive. Returns what it owns now. */
  renew(owner: string, leaseMs: number): Promise<OwnedBucket[]>;
  /** Gives up everything at once. */
  release(owner: string): Promise<void>;
  /** What this owner holds a live lease on, by bucket. */
  owned(owner: string): Promise<OwnedBucket[]>;
}

export const DEFAULT_BUCKETS = 1_000;

type Row = { bucket: bigint; owner: string | null; epoch: bigint; expires_at: bigint | null };

/** `buckets`: how many are in use (`BUCKET_TOTAL`), at most 1,024. */
export function createLeases(deps: { db: Database; buckets?: number }): Leases {
  const { db, buckets = DEFAULT_BUCKETS } = deps;
  const { dialect } = db;

  async function claim(tx: Tx, { owner, wanted, leaseMs }: ClaimRequest): Promise<Claimed> {
    const rows = await lockAll(tx, dialect, buckets);
    const now = await databaseNow(tx, dialect);
    await heartbeat(tx, dialect, owner, now);
    const hosts = await liveHosts(tx, now - BigInt(leaseMs));
    const share = Math.min(wanted, Math.ceil(buckets / hosts));
    const isFree = (row: Row) => row.owner === null || row.expires_at === null || row.expires_at <= now;
    const free = rows.filter(isFree);
    const own = rows.filter((row) => row.owner === owner && !isFree(row));
    const taken = free.slice(0, Math.max(0, share - own.length));
    const surplus = own.slice(share);
    const kept = own.slice(0, share).map(bucketOf);
    await give(tx, surplus);
    await take(tx, taken, owner, now + BigInt(leaseMs));
    const owned = [...kept, ...taken.map((row) => bucketOf({ ...row, epoch: row.epoch + 1n }))];
    owned.sort((one, other) => one.bucket - other.bucket);
    await noteRange(tx, owner, owned);
    await forgetLongDead(tx, now);
    return { owned, unowned: free.length - taken.length + surplus.length };
  }

  async function renew(tx: Tx, owner: string, leaseMs: number): Promise<OwnedBucket[]> {
    await tx
      .updateTable('jetmon_buckets')
      .set({ expires_at: sql<bigint>`${dialect.nowMs} + ${BigInt(leaseMs)}` })
      .where('owner', '=', owner)
      .where('expires_at', '>', dialect.nowMs)
      .execute();
    await heartbeat(tx, dialect, owner, await databaseNow(tx, dialect));
    return owned(tx, owner);
  }

  async function owned(executor: Tx | Database['kysely'], owner: string): Promise<OwnedBucket[]> {
    const held = executor.selectFrom('jetmon_buckets').select(['bucket', 'epoch']).where('owner', '=', owner);
    const rows = await held.where('expires_at', '>', dialect.nowMs).orderBy('bucket').execute();
    return rows.map(bucketOf);
  }

  return {
    claim: (request) => db.transaction((tx) => claim(tx, request)),
    renew: (owner, leaseMs) => db.transaction((tx) => renew(tx, owner, leaseMs)),
    owned: (owner) => owned(db.kysely, owner),
    release: (owner) =>
      db.transaction(async (tx) => {
        await tx.updateTable('jetmon_buckets').set(FREE).where('owner', '=', owner).execute();
        await tx.deleteFrom('jetmon_hosts').where('host_id', '=', owner).execute();
      }),
  };
}

const FREE = { owner: null, expires_at: null };

export type BucketLease = { epoch: bigint; owner: string | null; live: boolean };

/**
 * The leases of these buckets, locked against change until the transaction ends: whoever writes on behalf of a bucket asks
 * here first, and writes nothing where the epoch is not its own or the lease is not live. Buckets without a row are absent.
 */
export async function lockEpochs(
  tx: Tx,
  dialect: Dialect,
  buckets: readonly number[],
): Promise<Map<number, BucketLease>> {
  if (buckets.length === 0) return new Map();
  const live: RawBuilder<bigint> = sql`case when expires_at > ${dialect.nowMs} then 1 else 0 end`;
  const wanted = [...new Set(buckets)].map(BigInt);
  const query = tx
    .selectFrom('jetmon_buckets')
    .select(['bucket', 'owner', 'epoch', live.as('live')])
    .where('bucket', 'in', wanted)
    .orderBy('bucket');
  const rows = await dialect.lockForShare(query).execute();
  return new Map(
    rows.map(({ bucket, owner, epoch, live }) => [
      Number(bucket),
      { epoch, owner, live: owner !== null && Number(live) === 1 },
    ]),
  );
}

/** All of them in one order: two hosts that claim at once take turns and never wait for each other in a circle. */
async function lockAll(tx: Tx, dialect: Dialect, buckets: number): Promise<Row[]> {
  const query = tx
    .selectFrom('jetmon_buckets')
    .select(['bucket', 'owner', 'epoch', 'expires_at'])
    .where('bucket', '<', BigInt(buckets))
    .orderBy('bucket');
  return dialect.lockForUpdate(query).execute();
}

async function take(tx: Tx, rows: readonly Row[], owner: string, expiresAt: bigint): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .updateTable('jetmon_buckets')
    .set((eb) => ({ owner, epoch: eb('epoch', '+', 1n), expires_at: expiresAt }))
    .where('bucket', 'in', numbersOf(rows))
    .execute();
}

async function give(tx: Tx, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.updateTable('jetmon_buckets').set(FREE).where('bucket', 'in', numbersOf(rows)).execute();
}

/** A host speaks for itself alone: were it to touch the row of another, a dead one would look alive for ever. */
async function heartbeat(tx: Tx, dialect: Dialect, owner: string, now: bigint): Promise<void> {
  const row = { host_id: owner, last_heartbeat: now, status: 'active' };
  await dialect.upsert(tx, { table: 'jetmon_hosts', rows: [row], key: ['host_id'] });
}

const FORGET_AFTER_MS = 7n * 86_400_000n;

/** Names that are never used again. Found without a lock, so that no host waits for another that is alive. */
async function forgetLongDead(tx: Tx, now: bigint): Promise<void> {
  const before = now - FORGET_AFTER_MS;
  const dead = tx
    .selectFrom('jetmon_hosts')
    .select('host_id')
    .where('last_heartbeat', '<', before)
    .limit(FORGET_AT_ONCE);
  const names = (await dead.execute()).map(({ host_id }) => host_id);
  if (names.length === 0) return;
  await tx.deleteFrom('jetmon_hosts').where('host_id', 'in', names).where('last_heartbeat', '<', before).execute();
}

const FORGET_AT_ONCE = 100;

async function liveHosts(tx: Tx, sinceMs: bigint): Promise<number> {
  const { hosts } = await tx
    .selectFrom('jetmon_hosts')
    .select((eb) => eb.fn.countAll<bigint>().as('hosts'))
    .where('status', '=', 'active')
    .where('last_heartbeat', '>', sinceMs)
    .executeTakeFirstOrThrow();
  return Math.max(1, Number(hosts));
}

/** For those who look at the fleet; nothing is decided by it. */
async function noteRange(tx: Tx, owner: string, owned: readonly OwnedBucket[]): Promise<void> {
  await tx
    .updateTable('jetmon_hosts')
    .set({ bucket_min: owned[0]?.bucket ?? null, bucket_max: owned.at(-1)?.bucket ?? null })
    .where('host_id', '=', owner)
    .execute();
}

function numbersOf(rows: readonly Row[]): bigint[] {
  return rows.map(({ bucket }) => bucket);
}

function bucketOf({ bucket, epoch }: Pick<Row, 'bucket' | 'epoch'>): OwnedBucket {
  return { bucket: Number(bucket), epoch };
}
