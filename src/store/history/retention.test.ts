/** What retention takes is what it must take, a few rows at a time, and nothing else. */
import { describe, expect, it } from 'vitest';
import { endpointOf, fail, historyOn, lookAt, steadyLooks, temporaryHistory } from '../../../test/kit/history.ts';
import { appendTo, temporaryStore } from '../../../test/kit/store.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { systemClock } from '../../lib/clock.ts';
import { DEFAULT_RETENTION } from './retention.ts';
import { DAY_MS, HOUR_MS } from './sample.ts';

const DAY = 20_000 * DAY_MS;
const ONE = endpointOf(1).endpointId;

const RETENTION = { ...DEFAULT_RETENTION, rawDays: 2, hourlyDays: 3, days: 5 };

/** A look every two hours for so many days. */
async function agedHistory(days: number) {
  const { db, history } = await temporaryHistory({ retention: RETENTION });
  for (const endpoint of [1, 2]) {
    const looks = steadyLooks({ endpoint, fromMs: DAY, toMs: DAY + days * DAY_MS, intervalMs: 2 * HOUR_MS });
    for (const look of looks) history.add(look);
  }
  await history.flush();
  return { db, history };
}

describe('retention of healthy looks', () => {
  it('keeps each look, then hours, then days, for exactly the days that are set', async () => {
    const { history } = await agedHistory(7);
    const nowMs = DAY + 7 * DAY_MS;
    await history.retain(nowMs);
    const { rawDays, hourlyDays, days } = RETENTION;
    const everything = { fromMs: DAY, toMs: nowMs };
    const samples = await history.samples(ONE, DAY, nowMs, 99_999);
    expect(samples).toHaveLength(rawDays * 12);
    expect(samples.at(-1)?.atMs).toBeLessThan(nowMs - rawDays * DAY_MS + HOUR_MS);
    expect(await history.series(ONE, { ...everything, step: 'hour' })).toHaveLength(hourlyDays * 12);
    const byDay = await history.series(ONE, { ...everything, step: 'day' });
    expect(byDay.map(({ checks }) => checks)).toEqual(new Array(days).fill(12));
    expect(byDay[0]?.startMs).toBe(nowMs - days * DAY_MS);
  });

  it('that is cut short anywhere goes on where it was', async () => {
    const whole = await agedHistory(7);
    const inPieces = await agedHistory(7);
    const nowMs = DAY + 7 * DAY_MS;
    await whole.history.retain(nowMs);
    for (let stops = 1; ; stops += 3) {
      let waits = 0;
      // Stops itself at some pause between two steps.
      const stopping = historyOn(inPieces.db, {
        retention: RETENTION,
        clock: {
          ...systemClock,
          after(_, run) {
            waits += 1;
            if (waits === stops) void stopping.stop();
            return systemClock.after(0, run);
          },
        },
      });
      await stopping.retain(nowMs);
      if (waits < stops) break;
    }
    const ask = async ({ history }: typeof whole) => [
      await history.series(ONE, { fromMs: DAY, toMs: nowMs, step: 'hour' }),
      await history.series(ONE, { fromMs: DAY, toMs: nowMs, step: 'day' }),
      await history.coverage(ONE, DAY, nowMs, 2 * HOUR_MS),
    ];
    expect(await ask(inPieces)).toEqual(await ask(whole));
  }, 60_000);

  it('leaves samples alone that have not been packed yet', async () => {
    const { history } = await temporaryHistory();
    for (const after of [0, 1, 2]) history.add(lookAt(1, DAY + after * HOUR_MS));
    await history.flush();
    await history.retain(DAY + 4 * HOUR_MS);
    expect(await history.samples(ONE, DAY, DAY + DAY_MS, 9)).toHaveLength(3);
  });
});

describe('retention of failed looks', () => {
  it('goes by age', async () => {
    const { db, history } = await temporaryHistory();
    const nowMs = DAY + 200 * DAY_MS;
    const oldest = nowMs - DEFAULT_RETENTION.failureDays * DAY_MS;
    await fail(
      db,
      1,
      Array.from({ length: 1_300 }, (_, index) => oldest - 1_300 + index),
    );
    await fail(db, 2, [oldest - 1, oldest, nowMs]);
    await history.retain(nowMs);
    expect(await history.failures(ONE, 0, nowMs + 1, 9)).toEqual([]);
    const left = await history.failures(endpointOf(2).endpointId, 0, nowMs + 1, 9);
    expect(left.map(({ atMs }) => atMs)).toEqual([nowMs, oldest]);
  });

  it('goes by number: the oldest rows go first', async () => {
    const retention = { ...DEFAULT_RETENTION, maxFailures: 1_000 };
    const { db, history } = await temporaryHistory({ retention });
    await fail(
      db,
      1,
      Array.from({ length: 2_345 }, (_, index) => DAY + index),
    );
    await history.retain(DAY + HOUR_MS);
    const left = await history.failures(ONE, 0, DAY + HOUR_MS, 9_999);
    expect(left).toHaveLength(1_000);
    expect(left.at(-1)?.atMs).toBe(DAY + 1_345);
  });

  it('never touches events, however old they are', async () => {
    const { db, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [{ op: 'open', state: 'Down', startedAtMs: 1_000, reason: 'opened' }]));
    await historyOn(db).retain(DAY);
    expect(await queries.list(EVERY_SITE, { limit: 9 })).toHaveLength(1);
  });
});
