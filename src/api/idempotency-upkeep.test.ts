import { describe, expect, it, vi } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createIdempotencyUpkeep } from './idempotency-upkeep.ts';

function keeping(removeExpired: (limit: number) => Promise<number>) {
  const clock = createFakeClock();
  const log = { warn: vi.fn() };
  const store = { removeExpired: vi.fn(removeExpired) };
  const upkeep = createIdempotencyUpkeep({ store, clock, log });
  async function minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { store, log, upkeep, minutes };
}

describe('keys that have run out', () => {
  it('are removed every minute, a small lot at a time, until there are none left', async () => {
    const expired = [200, 200, 7];
    const { store, upkeep, minutes } = keeping(async () => expired.shift() ?? 0);
    upkeep.start();
    expect(store.removeExpired).not.toHaveBeenCalled();
    await minutes(1);
    expect(store.removeExpired.mock.calls).toEqual([[200], [200], [200]]);
    await minutes(2);
    expect(store.removeExpired).toHaveBeenCalledTimes(5);
  });

  it('wait for the next minute where there are too many', async () => {
    const { store, upkeep, minutes } = keeping(async (limit) => limit);
    upkeep.start();
    await minutes(1);
    expect(store.removeExpired).toHaveBeenCalledTimes(10);
  });

  it('are tried again after a failure, which is said', async () => {
    const { store, log, upkeep, minutes } = keeping(() => Promise.reject(new Error('the database is down')));
    upkeep.start();
    await minutes(2);
    expect(store.removeExpired).toHaveBeenCalledTimes(2);
    expect(log.warn).toHaveBeenCalledTimes(2);
  });

  it('are let be once the server closes, which waits for the lot that is under way', async () => {
    const lots: ((removed: number) => void)[] = [];
    const { store, upkeep, minutes } = keeping(() => new Promise((resolve) => lots.push(resolve)));
    upkeep.start();
    await minutes(1);
    let isStopped = false;
    const stopping = upkeep.stop().then(() => {
      isStopped = true;
    });
    await minutes(1);
    expect(isStopped).toBe(false);
    lots[0]?.(200);
    await stopping;
    await minutes(3);
    expect(store.removeExpired).toHaveBeenCalledOnce();
  });
});
