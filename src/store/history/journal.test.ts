/** What a flush writes is what came in, whatever the order, however often, and over the border of an hour. */
import { describe, expect, it } from 'vitest';
import { lookAt, temporaryHistory } from '../../../test/kit/history.ts';
import { seeded } from '../../../test/kit/seeded.ts';
import type { HealthyLook } from './pending.ts';
import { DAY_MS, HOUR_MS } from './sample.ts';

const DAY = 20_000 * DAY_MS;
const SPAN = 2 * HOUR_MS;
/** Both halves of an id say which it is, and its sign. */
const IDS = Array.from({ length: 90 }, (_, nth) => BigInt(nth + 1) * (nth % 3 === 0 ? 0x1_2345_6789n : 0x8000_0001n));

function drawLooks(count: number): HealthyLook[] {
  const random = seeded(count);
  return Array.from({ length: count }, () => {
    const id = IDS[Math.floor(random() * IDS.length)] ?? 1n;
    const total = Math.round(random() * 10_000) / 10;
    return lookAt(id, DAY + Math.floor(random() * SPAN), random() < 0.1 ? {} : { dns: 0.5, ttfb: total / 2, total });
  });
}

/** Each instant once: of two looks of one moment the first. */
function expectedOf(looks: readonly HealthyLook[], id: bigint) {
  const byTime = new Map<number, HealthyLook>();
  for (const look of looks) if (look.endpointId === id && !byTime.has(look.atMs)) byTime.set(look.atMs, look);
  return [...byTime.values()].sort((a, b) => b.atMs - a.atMs).map(({ atMs, httpCode }) => ({ atMs, httpCode }));
}

describe('a flush', () => {
  it.each([700, 9_000])('of %i looks in no order keeps each of them once', async (count) => {
    const { history } = await temporaryHistory();
    const looks = drawLooks(count);
    const twice = looks.filter((_, nth) => nth % 7 === 0);
    for (const look of [...looks, ...twice]) history.add(look);
    expect(await history.flush()).toBe(looks.length + twice.length);
    for (const id of IDS) {
      const found = await history.samples(lookAt(id, 0).endpointId, DAY, DAY + SPAN, count);
      expect(found.map(({ atMs, httpCode }) => ({ atMs, httpCode }))).toEqual(expectedOf(looks, id));
    }
  });

  it('keeps a run longer than a piece of a segment may be', async () => {
    const { db, history } = await temporaryHistory();
    for (let nth = 0; nth < 21_000; nth += 1) history.add(lookAt(1, DAY + nth * 100));
    await history.flush();
    expect(await history.samples(lookAt(1, 0).endpointId, DAY, DAY + SPAN, 30_000)).toHaveLength(21_000);
    const rows = await db.kysely.selectFrom('jetmon_history_journal').select('body').execute();
    expect(Math.max(...rows.map(({ body }) => body.length))).toBeLessThan(2 ** 20);
  });
});
