/** Check history at the rate of a large fleet, and how long the whole log takes to be folded anew. */
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { replay } from '../../src/store/replay.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { percentile, seconds } from '../statistics.ts';
import { fillLog } from './long-log.ts';
import { watchLoop } from './loop-delay.ts';
import { ENGINES, type Place, type Row } from './row.ts';

const CHECKS_A_SECOND = 5_000;
const SECONDS = 60;
/** So that each endpoint is looked at once in five minutes. */
const ENDPOINTS = CHECKS_A_SECOND * 300;
const FLUSH_EVERY_MS = 20_000;
const DELAY_GOAL_MS = 20;
const TRANSITIONS = 1_000_000;
const REPLAY_GOAL_MS = 60_000;

const grouped = (value: number) => value.toLocaleString('en');

export const HISTORY_ROWS: readonly Row[] = [
  {
    what: `check history at ${grouped(CHECKS_A_SECOND)} checks a second for ${SECONDS} s, SQLite`,
    goal: `kept up, main thread late by p99 ≤ ${DELAY_GOAL_MS} ms`,
    async measure(place) {
      const db = await openDatabase({ url: await ENGINES.SQLite(place) });
      try {
        return await feed(db, place);
      } finally {
        await db.close();
      }
    },
  },
  {
    what: `replay --verify of ${grouped(TRANSITIONS)} transitions, SQLite`,
    goal: `≤ ${REPLAY_GOAL_MS / 1000} s, 0 differences`,
    async measure(place) {
      const db = await openDatabase({ url: await ENGINES.SQLite(place) });
      try {
        const events = await fillLog(db, TRANSITIONS, place.progress);
        const startMs = performance.now();
        const done = await replay(db, {
          onProgress: ({ transitions }) => place.progress(`${grouped(transitions)} transitions folded`),
        });
        const ms = performance.now() - startMs;
        return {
          measured: `${seconds(ms)}, ${done.differenceCount} differences`,
          held: ms <= REPLAY_GOAL_MS && done.differenceCount === 0 && done.transitions >= TRANSITIONS,
          detail: `${grouped(done.transitions)} transitions of ${grouped(events)} events; peak RSS of this process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
        };
      } finally {
        await db.close();
      }
    },
  },
];

async function feed(db: Database, { signal, progress }: Place) {
  const history = createHistory({ db, clock: systemClock, log: silentLog, writer: 'prove' });
  const delays = watchLoop();
  const startMs = performance.now();
  let added = 0;
  let addMs = 0;
  let flushedMs = startMs;
  const flushes: number[] = [];
  let flushing: Promise<unknown> = Promise.resolve();
  while (performance.now() - startMs < SECONDS * 1000) {
    await delay(10, undefined, { signal });
    const due = Math.floor(((performance.now() - startMs) / 1000) * CHECKS_A_SECOND);
    const atMs = Date.now();
    const beganMs = performance.now();
    for (; added < due; added += 1) history.add(lookOf(added, atMs));
    addMs += performance.now() - beganMs;
    if (performance.now() - flushedMs < FLUSH_EVERY_MS) continue;
    flushedMs = performance.now();
    flushing = flushing.then(async () => {
      const before = performance.now();
      await history.flush();
      flushes.push(performance.now() - before);
    });
    progress(`${grouped(added)} looks`);
  }
  await flushing;
  await history.flush();
  const { p99, max } = delays.stop();
  const stored = await storedSamples(db);
  await history.stop();
  return {
    measured: `${grouped(stored)} of ${grouped(added)} stored, main thread late by p99 ${p99.toFixed(1)} ms`,
    held: stored === added && added >= CHECKS_A_SECOND * SECONDS * 0.99 && p99 <= DELAY_GOAL_MS,
    detail: `${grouped(ENDPOINTS)} endpoints; ${((addMs / added) * 1000).toFixed(2)} µs to add one; longest flush ${seconds(percentile(flushes, 1))}; main thread late by at most ${max.toFixed(0)} ms; samples counted in the database`,
  };
}

function lookOf(nth: number, atMs: number) {
  const id = BigInt((nth % ENDPOINTS) + 1);
  const total = 40 + ((nth * 2_654_435_761) % 4_000) / 10;
  return {
    endpointId: id as EndpointId,
    siteId: id as SiteId,
    atMs,
    httpCode: 200,
    timings: { dns: 1.2, tcp: 8.5, tls: 14.1, ttfb: total - 24, total },
  };
}

async function storedSamples(db: Database): Promise<number> {
  const { rows } = await sql<{ n: bigint | number }>`
    select coalesce(sum(samples), 0) as n from jetmon_history_journal`.execute(db.kysely);
  return Number(rows[0]?.n ?? 0);
}
