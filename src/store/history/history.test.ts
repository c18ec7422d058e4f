/** History gives the same answers wherever its samples lie, and loses what it may lose alone. */
import { describe, expect, it } from 'vitest';
import {
  answers,
  endpointOf,
  fail,
  historyOn,
  lookAt,
  steadyLooks,
  temporaryHistory,
} from '../../../test/kit/history.ts';
import { temporaryDatabase } from '../../../test/kit/store.ts';
import { percentiles } from '../../domain/histogram.ts';
import type { HealthyLook } from './pending.ts';
import { DAY_MS, HOUR_MS } from './sample.ts';

const MINUTE = 60_000;
const DAY = 20_000 * DAY_MS;
const ONE = endpointOf(1).endpointId;

describe('the answers', () => {
  it('do not change while samples become sums of hours and then of days', async () => {
    const { history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + 2 * DAY_MS, intervalMs: 4 * MINUTE });
    for (const look of looks.filter((_, index) => index % 100 < 90)) history.add(look);
    await history.flush();
    const ask = async () => ({
      hours: await history.series(ONE, { fromMs: DAY, toMs: DAY + 2 * DAY_MS, step: 'hour' }),
      days: await history.series(ONE, { fromMs: DAY, toMs: DAY + 2 * DAY_MS, step: 'day' }),
      coverage: await history.coverage(ONE, DAY, DAY + 2 * DAY_MS, 4 * MINUTE),
    });
    const young = await ask();
    expect(young.hours).toHaveLength(48);
    expect(young.coverage.length).toBeGreaterThan(3);
    await history.retain(DAY + 3 * DAY_MS);
    expect(await ask()).toEqual(young);
    expect(await history.samples(ONE, DAY, DAY + DAY_MS, 9)).not.toEqual([]);
    await history.retain(DAY + 20 * DAY_MS);
    expect(await ask()).toEqual(young);
    expect(await history.samples(ONE, DAY, DAY + DAY_MS, 9)).toEqual([]);
    await history.retain(DAY + 100 * DAY_MS);
    expect(await ask()).toEqual({ ...young, hours: [] });
  });

  it('do not count twice what was written twice', async () => {
    const { db, history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + HOUR_MS, intervalMs: MINUTE });
    for (const writer of [history, historyOn(db, { writer: 'other' })]) {
      for (const look of looks) writer.add(look);
      await writer.flush();
      expect((await history.series(ONE, { fromMs: DAY, toMs: DAY + HOUR_MS, step: 'hour' }))[0]?.checks).toBe(60);
      await writer.retain(DAY + 2 * HOUR_MS);
      expect((await history.series(ONE, { fromMs: DAY, toMs: DAY + HOUR_MS, step: 'hour' }))[0]?.checks).toBe(60);
    }
  });
});

describe('a look that could not tell', () => {
  it('ends what was observed until the next one that could, however old it is', async () => {
    const { history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + DAY_MS, intervalMs: MINUTE });
    const [from, to] = [600, 603];
    for (const [index, look] of looks.entries())
      index >= from && index < to ? history.addBlind(look) : history.add(look);
    await history.flush();
    const blindMs = [looks[from]?.atMs, looks[to]?.atMs];
    const ask = async () => {
      const coverage = await history.coverage(ONE, DAY + HOUR_MS, DAY + 20 * HOUR_MS, MINUTE);
      const days = await history.series(ONE, { fromMs: DAY, toMs: DAY + DAY_MS, step: 'day' });
      return { coverage, checks: days[0]?.checks };
    };
    for (const daysLater of [0, 3, 20, 100]) {
      await history.retain(DAY + daysLater * DAY_MS);
      const { coverage, checks } = await ask();
      expect(coverage.map(({ toMs }) => toMs)).toEqual([blindMs[0], DAY + 20 * HOUR_MS]);
      expect(coverage.map(({ fromMs }) => fromMs)).toEqual([DAY + HOUR_MS, blindMs[1]]);
      expect(checks).toBe(looks.length - (to - from));
    }
    expect(await history.samples(ONE, DAY, DAY + DAY_MS, 9)).toEqual([]);
  });

  it('is no healthy look, neither in a list nor after a restart', async () => {
    const { db, history } = await temporaryHistory();
    history.add(lookAt(1, DAY));
    history.addBlind(lookAt(1, DAY + MINUTE));
    await history.flush();
    expect(await history.samples(ONE, DAY, DAY + DAY_MS, 9)).toHaveLength(1);
    const found: number[] = [];
    await historyOn(db).newest({
      left: () => 1 - found.length,
      wants: (endpointId) => endpointId === ONE && found.length === 0,
      found: (_, { atMs }) => found.push(atMs),
    });
    expect(found).toEqual([DAY]);
  });
});

describe('upkeep by two processes at once', () => {
  it('loses nothing and doubles nothing', async () => {
    const db = await temporaryDatabase();
    const processes = [historyOn(db, { writer: 'a' }), historyOn(db, { writer: 'b' })];
    const looks = [1, 2, 40].flatMap((endpoint) =>
      steadyLooks({ endpoint, fromMs: DAY, toMs: DAY + 5 * HOUR_MS, intervalMs: (endpoint * MINUTE) / 2 }),
    );
    const inJournal = looks.filter(({ endpointId }) => endpointId === 40n).length;
    for (const [index, look] of looks.entries()) processes[index % 2]?.add(look);
    for (const one of processes) await one.flush();
    const [first] = processes;
    const before = first === undefined ? [] : await answers(first, DAY, DAY + DAY_MS);
    await Promise.all(processes.map((one) => one.retain(DAY + 6 * HOUR_MS)));
    expect(first === undefined ? [] : await answers(first, DAY, DAY + DAY_MS)).toEqual(before);
    const waiting = await db.kysely.selectFrom('jetmon_history_journal').select(['state', 'samples']).execute();
    expect(waiting).toEqual([{ state: 1n, samples: BigInt(inJournal) }]);
  });
});

describe('an hour of many endpoints', () => {
  it('is packed shard by shard, with what small flushes left beside the shards', async () => {
    const { db, history } = await temporaryHistory();
    for (let endpoint = 1; endpoint <= 4_200; endpoint++) history.add(lookAt(endpoint, DAY + endpoint));
    await history.flush();
    for (let look = 0; look < 60; look++) history.add(lookAt(7, DAY + HOUR_MS / 2 + look * 10_000));
    await history.flush();
    const found = async () => {
      const looks = [1, 7, 4_200].map((endpoint) =>
        history.samples(endpointOf(endpoint).endpointId, DAY, DAY + DAY_MS, 99),
      );
      return (await Promise.all(looks)).map((some) => some.length);
    };
    const journal = async () => {
      const rows = await db.kysely.selectFrom('jetmon_history_journal').select(['state', 'samples']).execute();
      return {
        states: new Set(rows.map(({ state }) => state)),
        samples: rows.reduce((sum, row) => sum + Number(row.samples), 0),
      };
    };
    const blocks = async () => (await db.kysely.selectFrom('jetmon_history_blocks').select('samples').execute()).length;
    expect(await found()).toEqual([1, 61, 1]);
    await history.retain(DAY + 2 * HOUR_MS);
    expect(await found()).toEqual([1, 61, 1]);
    expect(await journal()).toEqual({ states: new Set([1n]), samples: 4_199 });
    expect(await blocks()).toBe(1);
    await history.retain(DAY + 2 * DAY_MS);
    expect(await found()).toEqual([1, 61, 1]);
    expect(await journal()).toEqual({ states: new Set(), samples: 0 });
    expect(await blocks()).toBe(4_200);
  });
});

describe('samples that come late', () => {
  it('join the block that their hour has already', async () => {
    const { db, history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + HOUR_MS, intervalMs: 30_000 });
    for (const parity of [0, 1]) {
      for (const look of looks.filter((_, index) => index % 2 === parity)) history.add(look);
      await history.flush();
      await history.retain(DAY + 2 * HOUR_MS);
    }
    expect(await history.samples(ONE, DAY, DAY + HOUR_MS, 999)).toHaveLength(120);
    expect(await db.kysely.selectFrom('jetmon_history_blocks').select('samples').execute()).toEqual([
      { samples: 120n },
    ]);
    expect(await db.kysely.selectFrom('jetmon_history_journal').select('id').execute()).toEqual([]);
  });
});

describe('a flush', () => {
  it('of many is split by shards, in segments under a mebibyte, and each endpoint is found in its own', async () => {
    const { db, history } = await temporaryHistory();
    for (let endpoint = 1; endpoint <= 5_000; endpoint++) history.add(lookAt(endpoint, DAY + endpoint));
    expect(await history.flush()).toBe(5_000);
    const rows = await db.kysely.selectFrom('jetmon_history_journal').select(['shard', 'samples']).execute();
    expect(new Set(rows.map(({ shard }) => shard)).size).toBe(64);
    expect(rows.reduce((sum, { samples }) => sum + Number(samples), 0)).toBe(5_000);
    for (const endpoint of [1, 77, 5_000])
      expect(await history.samples(endpointOf(endpoint).endpointId, DAY, DAY + HOUR_MS, 9)).toHaveLength(1);
  });

  it('that fails keeps what it had, and the next one writes it', async () => {
    const { db, history } = await temporaryHistory();
    history.add(lookAt(1, DAY));
    await db.kysely.schema.alterTable('jetmon_history_journal').renameTo('away').execute();
    await expect(history.flush()).rejects.toThrow();
    history.add(lookAt(1, DAY + 1));
    expect(history.stats().pending).toBe(2);
    await db.kysely.schema.alterTable('away').renameTo('jetmon_history_journal').execute();
    expect(await history.flush()).toBe(2);
    expect(await history.samples(ONE, DAY, DAY + 10, 9)).toHaveLength(2);
  });

  it('takes over what came in while it was being written', async () => {
    const { history } = await temporaryHistory();
    history.add(lookAt(1, DAY));
    const flushing = history.flush();
    history.add(lookAt(1, DAY + 1));
    await flushing;
    expect(await history.samples(ONE, DAY, DAY + 10, 9)).toHaveLength(2);
    await history.stop();
    expect(history.stats().pending).toBe(0);
    expect(await history.samples(ONE, DAY, DAY + 10, 9)).toHaveLength(2);
  });
});

describe('a series', () => {
  it('counts failures beside healthy looks, in buckets of UTC, and has none without a look', async () => {
    const { db, history } = await temporaryHistory();
    for (const [after, total] of [
      [0, 10],
      [1_000, 30],
      [2 * MINUTE, 50],
    ] as const)
      history.add(lookAt(1, DAY + after, { total }));
    await fail(db, 1, [DAY + 500, DAY + 5 * MINUTE, DAY + 5 * MINUTE + 1]);
    const none = { minMs: null, maxMs: null, avgMs: null, p50: null, p95: null, p99: null };
    expect(await history.series(ONE, { fromMs: DAY + 1, toMs: DAY + 6 * MINUTE - 1, step: 'minute' })).toEqual([
      { startMs: DAY, checks: 3, failures: 1, minMs: 10, maxMs: 30, avgMs: 20, p50: 10, p95: 30, p99: 30 },
      { startMs: DAY + 2 * MINUTE, checks: 1, failures: 0, minMs: 50, maxMs: 50, avgMs: 50, p50: 50, p95: 50, p99: 50 },
      { startMs: DAY + 5 * MINUTE, checks: 2, failures: 2, ...none },
    ]);
  });

  it('tells percentiles within 1 % of those of the looks themselves', async () => {
    const { history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + 3 * DAY_MS, intervalMs: MINUTE });
    for (const look of looks) history.add(look);
    await history.flush();
    await history.retain(DAY + 60 * DAY_MS);
    const exact = exactly(looks.filter(({ atMs }) => atMs < DAY + DAY_MS));
    const [day] = await history.series(ONE, { fromMs: DAY, toMs: DAY + DAY_MS, step: 'day' });
    expect(day?.checks).toBe(1_440);
    for (const [told, want] of [
      [day?.p50, exact(0.5)],
      [day?.p95, exact(0.95)],
      [day?.p99, exact(0.99)],
    ])
      expect(Math.abs((told ?? 0) / (want ?? 0) - 1)).toBeLessThanOrEqual(0.01);
  });
});

describe('all looks of a window as one', () => {
  it('are told of several endpoints together, in any form they are kept in', async () => {
    const { db, history } = await temporaryHistory();
    for (let nth = 0; nth < 4 * 60; nth += 1) {
      history.add(lookAt(1, DAY + nth * MINUTE, { total: 10 }));
      history.add(lookAt(2, DAY + nth * MINUTE, { total: 30 }));
    }
    history.addBlind({ ...lookAt(1, DAY + 7), atMs: DAY + 7 });
    await fail(db, 2, [DAY + 500, DAY + DAY_MS]);
    const both = [ONE, endpointOf(2).endpointId];
    const window = { fromMs: DAY, toMs: DAY + DAY_MS };
    const told = {
      checks: 481,
      failures: 1,
      timed: 480,
      figures: { minMs: 10, maxMs: 30, avgMs: 20, p50: 10, p95: 30, p99: 30 },
    };
    expect(await history.totals(both, window)).toEqual(told);
    await history.flush();
    for (const [days, failures] of [
      [1.5, 1],
      [20, 1],
      // Failed looks are as old as they get.
      [95, 0],
    ] as const) {
      await history.retain(DAY + days * DAY_MS);
      const { figures, ...counts } = await history.totals(both, window);
      expect({ ...counts, figures: roundedFigures(figures) }).toEqual({ ...told, checks: 480 + failures, failures });
    }
    expect(await history.totals(both, { fromMs: DAY - 10, toMs: DAY })).toEqual({
      checks: 0,
      failures: 0,
      timed: 0,
      figures: null,
    });
  });

  it('are told phase by phase as long as they are kept one by one', async () => {
    const { history } = await temporaryHistory();
    history.add(lookAt(1, DAY, { dns: 1, total: 10 }));
    history.add(lookAt(1, DAY + MINUTE, { tcp: 4, total: 20 }));
    history.add(lookAt(1, DAY + DAY_MS, { tcp: 8 }));
    const window = { fromMs: DAY, toMs: DAY + 2 * DAY_MS };
    const { phases, ...rest } = await history.phases([ONE], window);
    expect(rest).toEqual({ looks: 3, covered: { fromMs: DAY, toMs: DAY + DAY_MS }, isTruncated: false });
    expect(phases).toMatchObject({
      dns: { timed: 1, p50: 1 },
      tcp: { timed: 2, minMs: 4, maxMs: 8, avgMs: 6 },
      total: { timed: 2, avgMs: 15 },
    });
    expect(Object.keys(phases).sort()).toEqual(['dns', 'tcp', 'total']);
    await history.flush();
    await history.retain(DAY + 15.5 * DAY_MS);
    expect(await history.phases([ONE], window)).toMatchObject({ looks: 1, phases: { tcp: { timed: 1, p50: 8 } } });
  });

  it('say what is kept in a coarser form than the buckets asked for', async () => {
    const { history } = await temporaryHistory();
    for (const hour of [0, 3]) history.add(lookAt(1, DAY + hour * HOUR_MS + MINUTE));
    await history.flush();
    await history.retain(DAY + 20 * DAY_MS);
    const window = { fromMs: DAY, toMs: DAY + DAY_MS };
    const coarse = { fromMs: DAY, toMs: DAY + 4 * HOUR_MS };
    expect(await history.seriesOf([ONE], { ...window, step: 'minute' })).toEqual({ buckets: [], coarse });
    expect(await history.seriesOf([ONE], { ...window, step: 'hour' })).toMatchObject({ coarse: null });
  });
});

/** The middle of a bucket is a little off. */
function roundedFigures(figures: Record<string, number> | null) {
  return Object.fromEntries(Object.entries(figures ?? {}).map(([name, value]) => [name, Math.round(value)]));
}

function exactly(looks: readonly HealthyLook[]): (share: number) => number {
  const totals = looks.map(({ timings }) => timings.total ?? 0).sort((a, b) => a - b);
  return (share) => totals[Math.trunc(share * totals.length + 0.5) - 1] ?? Number.NaN;
}

it('the rule of percentiles is that of the reference', () => {
  expect(
    percentiles(
      new Map([
        [1, 1],
        [2, 1],
        [3, 1],
      ]),
      [0.5, 0.95, 0],
    ),
  ).toEqual([2, 3, 1]);
});
