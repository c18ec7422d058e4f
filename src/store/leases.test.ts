import { afterEach, describe, expect, it, vi } from 'vitest';
import { withMovableClock } from '../../test/kit/database-clock.ts';
import { temporaryDatabase } from '../../test/kit/store.ts';
import type { Database } from './database.ts';
import { databaseNow } from './database-clock.ts';
import { createLeases, lockEpochs } from './leases.ts';

const LEASE_MS = 60_000;

async function fleet(buckets = 12) {
  const movable = withMovableClock(await temporaryDatabase());
  const leases = createLeases({ db: movable.db, buckets });
  const claim = (owner: string, wanted = buckets) => leases.claim({ owner, wanted, leaseMs: LEASE_MS });
  return { ...movable, leases, claim };
}

async function owners(db: Database): Promise<(string | null)[]> {
  const rows = await db.kysely.selectFrom('jetmon_buckets').select('owner').orderBy('bucket').execute();
  return rows.map(({ owner }) => owner);
}

const numbers = (owned: readonly { bucket: number }[]) => owned.map(({ bucket }) => bucket);

afterEach(() => void vi.useRealTimers());

describe('claiming', () => {
  it('gives a host that is alone everything it wants, and says what nobody watches', async () => {
    const { claim, leases } = await fleet();
    expect(await claim('a', 5)).toEqual({
      owned: [0, 1, 2, 3, 4].map((bucket) => ({ bucket, epoch: 1n })),
      unowned: 7,
    });
    expect(await claim('a')).toMatchObject({ unowned: 0 });
    expect(numbers(await leases.owned('a'))).toHaveLength(12);
  });

  it('divides fairly: who has too much gives it up at its next turn, and the newcomer gets it', async () => {
    const { claim } = await fleet();
    await claim('a');
    expect((await claim('b')).owned).toEqual([]);
    expect(numbers((await claim('a')).owned)).toEqual([0, 1, 2, 3, 4, 5]);
    const second = await claim('b');
    expect(second.owned).toEqual([6, 7, 8, 9, 10, 11].map((bucket) => ({ bucket, epoch: 2n })));
    expect(second.unowned).toBe(0);
  });

  it('lets exactly one of two hosts own a bucket when both claim for the first time at once (D4)', async () => {
    const { db, leases } = await fleet(8);
    for (let race = 0; race < 50; race++) {
      const free = { owner: null, expires_at: null, epoch: 0n };
      await db.kysely.updateTable('jetmon_buckets').set(free).execute();
      await db.kysely.deleteFrom('jetmon_hosts').execute();
      const claims = await Promise.all(
        ['a', 'b'].map((owner) => leases.claim({ owner, wanted: 8, leaseMs: LEASE_MS })),
      );
      const taken = claims.flatMap(({ owned }) => owned);
      expect(numbers(taken).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(new Set(taken.map(({ epoch }) => epoch))).toEqual(new Set([1n]));
      for (const owner of ['a', 'b']) {
        const held = (await owners(db)).flatMap((name, bucket) => (name === owner ? [bucket] : []));
        expect(numbers(await leases.owned(owner))).toEqual(held);
      }
    }
  });
});

describe('a host that died', () => {
  it('loses its buckets although the others live on and renew (D3)', async () => {
    const { leases, claim, advance } = await fleet();
    await claim('dead', 6);
    await claim('a', 6);
    for (let turn = 0; turn < 3; turn++) {
      advance(LEASE_MS / 2);
      await leases.renew('a', LEASE_MS);
      await claim('a', 6);
    }
    expect(await leases.owned('dead')).toEqual([]);
    expect((await claim('a')).owned.filter(({ bucket }) => bucket < 6)).toEqual(
      [0, 1, 2, 3, 4, 5].map((bucket) => ({ bucket, epoch: 2n })),
    );
  });

  it('does not take back by renewing what ran out while it slept', async () => {
    const { leases, claim, advance } = await fleet();
    await claim('a');
    advance(LEASE_MS);
    expect(await leases.renew('a', LEASE_MS)).toEqual([]);
    expect((await claim('a')).owned[0]).toEqual({ bucket: 0, epoch: 2n });
  });
});

describe('hosts', () => {
  it('are noted with what they watch, and forgotten a week after they were last heard of', async () => {
    const { db, claim, advance } = await fleet();
    await claim('a', 3);
    await claim('idle', 0);
    const noted = () => db.kysely.selectFrom('jetmon_hosts').selectAll().orderBy('host_id').execute();
    expect(await noted()).toMatchObject([
      { host_id: 'a', bucket_min: 0n, bucket_max: 2n, status: 'active' },
      { host_id: 'idle', bucket_min: null, bucket_max: null },
    ]);
    advance(7 * 86_400_000 + 1);
    await claim('b');
    expect((await noted()).map(({ host_id }) => host_id)).toEqual(['b']);
  });
});

describe('giving up', () => {
  it('frees everything of this owner and nothing of another', async () => {
    const { leases, claim } = await fleet();
    await claim('a', 6);
    await claim('b', 6);
    await leases.release('a');
    expect(await leases.owned('a')).toEqual([]);
    expect(await leases.owned('b')).toHaveLength(6);
    expect(await claim('b')).toMatchObject({ unowned: 0 });
  });
});

describe('the fence', () => {
  it('shows a writer that slept through its lease that the bucket has another epoch (D5)', async () => {
    const { db, leases, claim, advance } = await fleet();
    const before = (await claim('a')).owned[4];
    const fence = () => db.transaction((tx) => lockEpochs(tx, db.dialect, [4, 4, 5_000]));
    expect(await fence()).toEqual(new Map([[4, { epoch: before?.epoch, owner: 'a', live: true }]]));
    advance(LEASE_MS);
    expect((await fence()).get(4)).toMatchObject({ owner: 'a', live: false });
    await claim('b');
    expect((await fence()).get(4)).toEqual({ epoch: 2n, owner: 'b', live: true });
    await leases.release('b');
    expect((await fence()).get(4)).toEqual({ epoch: 2n, owner: null, live: false });
  });
});

describe('hosts whose clocks are minutes apart', () => {
  it('hold leases by the clock of the database (D6)', async () => {
    const db = await temporaryDatabase();
    const leases = createLeases({ db, buckets: 4 });
    const realMs = Date.now();
    const onHost = async <T>(offMs: number, run: () => Promise<T>) => {
      vi.useFakeTimers({ toFake: ['Date'], now: realMs + offMs });
      return run().finally(() => vi.useRealTimers());
    };
    const claim = (owner: string) => leases.claim({ owner, wanted: 4, leaseMs: LEASE_MS });
    const before = await databaseNow(db.kysely, db.dialect);
    expect((await onHost(-600_000, () => claim('late'))).owned).toHaveLength(4);
    const after = await databaseNow(db.kysely, db.dialect);
    // A host ten minutes ahead would find the lease expired by its own clock.
    expect((await onHost(600_000, () => claim('early'))).owned).toEqual([]);
    expect(await leases.owned('late')).toHaveLength(4);
    const rows = await db.kysely.selectFrom('jetmon_buckets').select('expires_at').where('bucket', '<', 4n).execute();
    for (const { expires_at } of rows) {
      expect(expires_at).toBeGreaterThanOrEqual(before + BigInt(LEASE_MS));
      expect(expires_at).toBeLessThanOrEqual(after + BigInt(LEASE_MS));
    }
  });
});
