/** What history costs the database, counted over half a day of a fleet and over the whole life of what that left. */
import { expect } from 'vitest';
import { historyOn, lookAt } from '../../../test/kit/history.ts';
import { seeded } from '../../../test/kit/seeded.ts';
import { onSqliteOnly, temporaryDatabase } from '../../../test/kit/store.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Database } from '../database.ts';
import { createRuntime } from '../runtime.ts';
import { DAY_MS } from './sample.ts';

const DAY = 20_000 * DAY_MS;
const HALF_A_DAY = DAY_MS / 2;
const UP: Verdict = { check: 'http', state: 'Up', reason: 'ok', summary: 'All is well' };

/** Counts transactions that write, and rows inserted, changed and deleted. */
function countWrites(db: Database) {
  const counts = { transactions: 0, rows: 0 };
  const kysely = db.kysely.withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      counts.rows += Number(result.numAffectedRows ?? 0n);
      return result;
    },
  });
  async function transaction<T>(run: Parameters<typeof db.transaction<T>>[0]): Promise<T> {
    const before = counts.rows;
    const done = await kysely.transaction().execute(run);
    if (counts.rows > before) counts.transactions += 1;
    return done;
  }
  return { db: { ...db, kysely, transaction, snapshot: transaction }, counts };
}

// A server counts a row twice that is inserted and turns out to be there.
onSqliteOnly.it.each([
  { intervalMs: 60_000, endpoints: 80 },
  { intervalMs: 300_000, endpoints: 1_000 },
])(
  'a healthy check every $intervalMs ms costs at most 0.05 transactions and 0.1 row writes, all in all',
  async (fleet) => {
    const { db, counts } = countWrites(await temporaryDatabase());
    const time = { nowMs: DAY };
    const clock: Clock = { ...systemClock, nowMs: () => time.nowMs, after: (_, run) => systemClock.after(0, run) };
    const history = historyOn(db, { clock });
    const runtime = createRuntime({ db, clock, history });
    const random = seeded(3);
    const duePerTick = Map.groupBy(
      Array.from({ length: fleet.endpoints }, (_, index) => index + 1),
      (endpoint) => Math.floor((((endpoint * 0.618) % 1) * fleet.intervalMs) / 30_000),
    );
    let checks = 0;
    for (let tick = 0; tick * 30_000 < HALF_A_DAY; tick++) {
      time.nowMs = DAY + tick * 30_000;
      for (const endpoint of duePerTick.get(tick % (fleet.intervalMs / 30_000)) ?? []) {
        const look = lookAt(endpoint, time.nowMs + Math.floor(random() * 40), { ttfb: 40 + random() * 9, total: 50 });
        const observation = { ...look, startedAtMs: look.atMs, address: null, certificateExpiresAtMs: null };
        runtime.record(look, { ...observation, verdicts: [UP], evidence: null }, UP);
        history.add(look);
        checks += 1;
      }
      await runtime.flush();
      await history.flush();
      if (tick % 10 === 0) await history.retain(time.nowMs);
    }
    expect(checks).toBe((fleet.endpoints * HALF_A_DAY) / fleet.intervalMs);
    // The first write of each endpoint is that of a new installation; it happens once and not once a day.
    counts.rows -= fleet.endpoints;
    for (const days of [1.1, 16, 92, 402]) await history.retain(DAY + days * DAY_MS);
    const left = await db.kysely.selectFrom('jetmon_history_blocks').select('endpoint_id').execute();
    expect(left).toEqual([]);
    expect(counts.transactions / checks).toBeGreaterThan(0);
    expect(counts.transactions / checks).toBeLessThanOrEqual(0.05);
    expect(counts.rows / checks).toBeLessThanOrEqual(0.1);
  },
  240_000,
);
