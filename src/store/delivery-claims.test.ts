import { afterEach, describe, expect, it, vi } from 'vitest';
import { withMovableClock } from '../../test/kit/database-clock.ts';
import { opened, temporaryOutbox } from '../../test/kit/delivery.ts';
import { temporaryDatabase } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { type Claim, createDeliveryClaims } from './delivery-claims.ts';

const LEASE_MS = 60_000;
const REQUEST = { limit: 10, perSubscriber: 3, leaseMs: LEASE_MS };
const OK = { statusCode: 200, response: 'thanks' };
const BUSY = { statusCode: 503, response: 'later' };

async function movableOutbox() {
  const movable = withMovableClock(await temporaryDatabase());
  return { ...movable, ...(await temporaryOutbox(movable.db)) };
}

/** One delivery, claimed. */
async function claimedOne() {
  const outbox = await movableOutbox();
  await outbox.addWebhook();
  await outbox.enqueue(opened(1));
  return { ...outbox, claim: one(await outbox.claims.claim(REQUEST)) };
}

function one(claims: readonly Claim[]): Claim {
  const [claim] = claims;
  if (claim === undefined || claims.length !== 1) throw new Error(`there are ${claims.length} claims, not one`);
  return claim;
}

afterEach(() => void vi.useRealTimers());

describe('a claim', () => {
  it('holds all that sending needs, and keeps others away while it lasts', async () => {
    const { claims, claim, advance } = await claimedOne();
    expect(claim).toMatchObject({ family: 'webhook', transitionId: 1n, siteId: 1n, attempts: 0 });
    expect(claim.payload).toContain('"type":"event.opened"');
    advance(LEASE_MS - 1);
    expect(await claims.claim(REQUEST)).toEqual([]);
    advance(1);
    expect(one(await claims.claim(REQUEST)).deliveryId).toBe(claim.deliveryId);
  });

  it('that was lost settles nothing, whatever its worker did meanwhile (D5)', async () => {
    const { claims, claim, advance, deliveries } = await claimedOne();
    advance(LEASE_MS);
    const newer = one(await claims.claim(REQUEST));
    expect(await claims.abandon(claim, BUSY)).toBe(false);
    expect(await claims.retryLater(claim, BUSY, 1)).toBe(false);
    expect(await claims.release(claim)).toBe(false);
    expect(await claims.complete(claim, OK)).toBe(false);
    expect(await deliveries()).toMatchObject([
      { status: 'pending', attempt: 0n, lease_token: newer.leaseToken, last_status_code: null },
    ]);
    expect(await claims.complete(newer, OK)).toBe(true);
    expect(await claims.complete(newer, OK)).toBe(false);
  });

  it('that is late but was taken by nobody else still counts, so that nothing is sent twice', async () => {
    const { claims, claim, advance } = await claimedOne();
    advance(LEASE_MS * 2);
    expect(await claims.complete(claim, OK)).toBe(true);
    expect(await claims.claim(REQUEST)).toEqual([]);
  });

  it('lasts by the clock of the database on workers whose clocks are minutes apart (D6)', async () => {
    const { claims, enqueue, addWebhook } = await temporaryOutbox();
    await addWebhook();
    await enqueue(opened(1));
    const realMs = Date.now();
    const onHost = async <T>(offMs: number, run: () => Promise<T>) => {
      vi.useFakeTimers({ toFake: ['Date'], now: realMs + offMs });
      return run().finally(() => vi.useRealTimers());
    };
    expect(await onHost(-600_000, () => claims.claim(REQUEST))).toHaveLength(1);
    expect(await onHost(600_000, () => claims.claim(REQUEST))).toEqual([]);
  });
});

describe('what becomes of a delivery', () => {
  it('is told when it arrived', async () => {
    const { claims, claim, deliveries, advance, nowMs } = await claimedOne();
    advance(5);
    await claims.complete(claim, OK);
    const now = BigInt(nowMs());
    expect(await deliveries()).toMatchObject([
      {
        status: 'delivered',
        attempt: 1n,
        next_attempt_at: null,
        lease_token: null,
        lease_until: null,
        last_status_code: 200n,
        last_response: 'thanks',
        last_attempt_at: now,
        delivered_at: now,
      },
    ]);
  });

  it('is another attempt later, with the same bytes', async () => {
    const { claims, claim, advance } = await claimedOne();
    await claims.retryLater(claim, BUSY, 5_000);
    advance(4_999);
    expect(await claims.claim(REQUEST)).toEqual([]);
    advance(1);
    const again = one(await claims.claim(REQUEST));
    expect(again).toEqual({ ...claim, leaseToken: again.leaseToken, attempts: 1 });
  });

  it('is the end after the last attempt', async () => {
    const { claims, claim, advance, deliveries } = await claimedOne();
    const lone = '\ud83d';
    await claims.abandon(claim, { statusCode: 0, response: `${'x'.repeat(2_047)}${lone}${'y'.repeat(9)}` });
    advance(10 * LEASE_MS);
    expect(await claims.claim(REQUEST)).toEqual([]);
    expect(await deliveries()).toMatchObject([
      { status: 'abandoned', attempt: 1n, last_status_code: 0n, last_response: `${'x'.repeat(2_047)}\ufffd` },
    ]);
  });

  it('is as before when no attempt was made', async () => {
    const { claims, claim } = await claimedOne();
    await claims.release(claim);
    expect(one(await claims.claim(REQUEST))).toMatchObject({ deliveryId: claim.deliveryId, attempts: 0 });
  });
});

describe('fairness', () => {
  it('lets a receiver with a backlog hold up nobody, and parks none of its own', async () => {
    const { claims, enqueue, addWebhook, deliveries, advance, nowMs } = await movableOutbox();
    const hog = await addWebhook({ siteIds: [1n as SiteId] });
    await enqueue(...Array.from({ length: 250 }, (_, index) => opened(index + 1)));
    advance(1);
    const late = await addWebhook({ siteIds: [2n as SiteId] });
    await enqueue(opened(1_000, { siteId: 2n as SiteId }));
    const claimed = await claims.claim(REQUEST);
    expect(claimed.map(({ subscriberId }) => subscriberId)).toEqual([hog, hog, hog, late]);
    const parked = (await deliveries()).filter((row) => row.lease_until !== null);
    expect(parked.map((row) => row.id).sort()).toEqual(claimed.map(({ deliveryId }) => deliveryId).sort());
    expect(parked.every((row) => row.lease_until === BigInt(nowMs() + LEASE_MS))).toBe(true);
    // The hog hangs. Whoever else is told something is served at once, and the hog gets one more for each that ends.
    await enqueue(opened(1_001, { siteId: 2n as SiteId }));
    expect((await claims.claim(REQUEST)).map(({ subscriberId }) => subscriberId)).toEqual([late]);
    for (const claim of claimed.slice(0, 1)) await claims.complete(claim, OK);
    expect((await claims.claim(REQUEST)).map(({ subscriberId }) => subscriberId)).toEqual([hog]);
  });

  it('keeps webhooks and contacts with the same number apart', async () => {
    const { claims, enqueue, addWebhook, addContact } = await movableOutbox();
    expect(await addWebhook()).toBe(await addContact({ minSeverity: 1 }));
    await enqueue(...Array.from({ length: 5 }, (_, index) => opened(index + 1)));
    const families = (await claims.claim(REQUEST)).map(({ family }) => family);
    expect(families.sort()).toEqual([...Array(3).fill('contact'), ...Array(3).fill('webhook')]);
  });

  it('holds when many workers claim at once: nothing twice, and no more for one receiver than allowed', async () => {
    const { db, enqueue, addWebhook } = await movableOutbox();
    for (let hook = 0; hook < 5; hook++) await addWebhook();
    await enqueue(...Array.from({ length: 8 }, (_, index) => opened(index + 1)));
    const workers = Array.from({ length: 6 }, (_, worker) =>
      createDeliveryClaims({ db, random: { bytes: (length) => new Uint8Array(length).fill(worker) } }),
    );
    const claimed = (await Promise.all(workers.map(({ claim }) => claim({ ...REQUEST, limit: 4 })))).flat();
    expect(claimed).toHaveLength(15);
    expect(new Set(claimed.map(({ deliveryId }) => deliveryId)).size).toBe(15);
    const perHook = Map.groupBy(claimed, ({ subscriberId }) => subscriberId);
    expect([...perHook.values()].map((list) => list.length)).toEqual(Array(5).fill(3));
  });
});
