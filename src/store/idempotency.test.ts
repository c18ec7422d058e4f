import { describe, expect, it } from 'vitest';
import { withMovableClock } from '../../test/kit/database-clock.ts';
import { temporaryDatabase, temporaryFolder } from '../../test/kit/store.ts';
import { createIdempotencyStore, IDEMPOTENCY_LIMITS, type IdempotencyLimits } from './idempotency.ts';

const { leaseMs, keepMs } = IDEMPOTENCY_LIMITS;

async function keys(limits: Partial<IdempotencyLimits> = {}) {
  const movable = withMovableClock(await temporaryDatabase());
  const store = createIdempotencyStore(movable.db, { ...IDEMPOTENCY_LIMITS, ...limits });
  return { ...movable, store };
}

let owners = 0;

function wanted(slot: string, change: { requestHash?: string; tenant?: string; caller?: string } = {}) {
  owners += 1;
  return { slot, owner: `owner-${owners}`, tenant: '', caller: 'local', requestHash: 'same', ...change };
}

const CREATED = { state: 'done', status: 201, reply: '{"id":9007199254740993}' } as const;

describe('a reservation', () => {
  it('is had by one, who is waited for until the answer is there', async () => {
    const { store, advance } = await keys();
    const first = wanted('a');
    expect(await store.reserve(first)).toEqual({ kind: 'reserved' });
    advance(4_000);
    expect(await store.reserve(wanted('a'))).toEqual({ kind: 'in_flight', forMs: 4_000, leftMs: leaseMs - 4_000 });
    expect(await store.keep(first, CREATED)).toBe(true);
    expect(await store.reserve(wanted('a'))).toEqual({ kind: 'done', status: 201, reply: CREATED.reply });
    expect(await store.reserve(wanted('b'))).toEqual({ kind: 'reserved' });
  });

  it('is still that of its owner when the answer to its own commit was lost', async () => {
    const { store } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    expect(await store.reserve(first)).toEqual({ kind: 'reserved' });
  });

  it('keeps another request away, also once its owner is gone', async () => {
    const { store, advance } = await keys();
    await store.reserve(wanted('a'));
    advance(leaseMs);
    expect(await store.reserve(wanted('a', { requestHash: 'other' }))).toEqual({ kind: 'conflict' });
  });

  it('is open to the next one when it was released', async () => {
    const { store } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    await store.release(first);
    expect(await store.reserve(wanted('a', { requestHash: 'other' }))).toEqual({ kind: 'reserved' });
  });

  it('withholds a reply, and says what may be said of it', async () => {
    const { store } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    await store.keep(first, { state: 'withheld', status: 201, facts: '{"id":7}' });
    expect(await store.reserve(wanted('a'))).toEqual({ kind: 'withheld', facts: '{"id":7}' });
  });

  it('is forgotten with its answer after a day', async () => {
    const { store, advance } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    await store.keep(first, CREATED);
    advance(keepMs - 1);
    expect(await store.reserve(wanted('a'))).toMatchObject({ kind: 'done' });
    advance(1);
    expect(await store.reserve(wanted('a', { requestHash: 'other' }))).toEqual({ kind: 'reserved' });
  });
});

describe('an owner that says nothing more', () => {
  it('is succeeded by exactly one of those who come when its lease is over', async () => {
    const { store, advance } = await keys();
    await store.reserve(wanted('a'));
    advance(leaseMs - 1);
    expect(await store.reserve(wanted('a'))).toMatchObject({ kind: 'in_flight', leftMs: 1 });
    advance(1);
    const found = await Promise.all(Array.from({ length: 10 }, () => store.reserve(wanted('a'))));
    expect(found.filter(({ kind }) => kind === 'reserved')).toHaveLength(1);
    expect(found.filter(({ kind }) => kind === 'in_flight')).toHaveLength(9);
  });

  it('changes nothing for its successor when it comes back late', async () => {
    const { store, advance } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    advance(leaseMs);
    const second = wanted('a');
    await store.reserve(second);
    expect(await store.keep(first, { state: 'done', status: 409, reply: '{}' })).toBe(false);
    await store.release(first);
    expect(await store.reserve(wanted('a'))).toMatchObject({ kind: 'in_flight' });
    expect(await store.keep(second, CREATED)).toBe(true);
    expect(await store.keep(first, { state: 'done', status: 409, reply: '{}' })).toBe(false);
    expect(await store.reserve(wanted('a'))).toMatchObject({ kind: 'done', status: 201 });
  });

  it('may still answer after its lease where nobody has taken over', async () => {
    const { store, advance } = await keys();
    const first = wanted('a');
    await store.reserve(first);
    advance(leaseMs * 2);
    expect(await store.keep(first, CREATED)).toBe(true);
  });
});

describe('many at once', () => {
  it('over two connections give one reservation', async () => {
    const folder = temporaryFolder();
    const stores = [await temporaryDatabase(folder), await temporaryDatabase(folder)].map((db) =>
      createIdempotencyStore(db),
    );
    for (let race = 0; race < 5; race++) {
      const found = await Promise.all(
        Array.from({ length: 20 }, (_, n) => stores[n % 2]?.reserve(wanted(`race-${race}`))),
      );
      expect(found.filter((one) => one?.kind === 'reserved')).toHaveLength(1);
      expect(found.filter((one) => one?.kind === 'in_flight')).toHaveLength(19);
    }
  });
});

describe('the keys of a caller', () => {
  it('are so many at most, and those of others are not counted', async () => {
    const { store, advance } = await keys({ maxKeys: 2 });
    const first = wanted('a');
    await store.reserve(first);
    await store.keep(first, CREATED);
    advance(1_000);
    await store.reserve(wanted('b'));
    expect(await store.reserve(wanted('c'))).toEqual({ kind: 'full', freeInMs: keepMs - 1_000 });
    expect(await store.reserve(wanted('a'))).toMatchObject({ kind: 'done' });
    expect(await store.reserve(wanted('d', { caller: '1' }))).toEqual({ kind: 'reserved' });
    expect(await store.reserve(wanted('e', { tenant: 'acme' }))).toEqual({ kind: 'reserved' });
    advance(keepMs - 1_000);
    expect(await store.reserve(wanted('c'))).toEqual({ kind: 'reserved' });
  });

  it('are removed in small lots once they have run out, and no others', async () => {
    const { db, store, advance } = await keys();
    for (const slot of ['a', 'b', 'c']) await store.reserve(wanted(slot));
    advance(keepMs);
    await store.reserve(wanted('d'));
    await store.reserve(wanted('c'));
    expect(await store.removeExpired(1)).toBe(1);
    expect(await store.removeExpired(10)).toBe(1);
    expect(await store.removeExpired(10)).toBe(0);
    const left = await db.kysely.selectFrom('jetmon_idempotency').select('slot').orderBy('slot').execute();
    expect(left.map(({ slot }) => slot)).toEqual(['c', 'd']);
  });
});
