/** Check history on a real database, with looks a test makes up. */
import fc from 'fast-check';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE, type Scoped, scoped } from '../../src/domain/site-scope.ts';
import type { Timings } from '../../src/domain/timings.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import type { Database } from '../../src/store/database.ts';
import { type FailedCheck, insertFailures } from '../../src/store/history/failures.ts';
import { createHistory, type History } from '../../src/store/history/history.ts';
import type { HealthyLook } from '../../src/store/history/pending.ts';
import { ABSENT, HOUR_MS, type Sample } from '../../src/store/history/sample.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { seeded } from './seeded.ts';
import { temporaryDatabase } from './store.ts';

const MINUTE = 60_000;

type HistoryDeps = Parameters<typeof createHistory>[0];

/** Timers of the machine: upkeep waits for a moment now and then. */
export async function temporaryHistory(deps: Partial<HistoryDeps> = {}) {
  const db = deps.db ?? (await temporaryDatabase());
  return { db, history: historyOn(db, deps) };
}

export function historyOn(db: Database, deps: Partial<HistoryDeps> = {}) {
  const clock: Clock = { ...systemClock, after: (_, run) => systemClock.after(0, run) };
  return createHistory({ clock, log: silentLog, writer: 'test', ...deps, db });
}

export function endpointOf(number: number | bigint): { endpointId: Scoped<EndpointId>; siteId: SiteId } {
  return { endpointId: scoped(EVERY_SITE, BigInt(number) as EndpointId), siteId: (BigInt(number) * 10n) as SiteId };
}

export function lookAt(
  endpoint: number | bigint,
  atMs: number,
  timings: Timings = { total: 12.3 },
): HealthyLook & ReturnType<typeof endpointOf> {
  return { ...endpointOf(endpoint), atMs, httpCode: 200, timings };
}

/** Looks as a steady site gives them: phases that vary by some percent, and a jitter of the start. */
export function steadyLooks(options: {
  endpoint: number | bigint;
  fromMs: number;
  toMs: number;
  intervalMs: number;
  seed?: number;
}): HealthyLook[] {
  const random = seeded(options.seed ?? Number(options.endpoint));
  const about = (ms: number) => Math.round(ms * (0.95 + random() * 0.1) * 1_000) / 1_000;
  const looks: HealthyLook[] = [];
  for (let atMs = options.fromMs; atMs < options.toMs; atMs += options.intervalMs) {
    const [dns, tcp, tls, ttfb] = [about(1.2), about(18), about(40), about(60)];
    const total = dns + tcp + tls + ttfb + about(3);
    looks.push(lookAt(options.endpoint, atMs + Math.floor(random() * 50), { dns, tcp, tls, ttfb, total }));
  }
  return looks;
}

const tenths = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.nat(2 ** 31 - 1) },
  { weight: 1, arbitrary: fc.constant(ABSENT) },
);

/** Samples of any kind in the order of time, from `fromMs` on. */
export function anySamples(fromMs: number, spanMs: number, maxLength = 80): fc.Arbitrary<Sample[]> {
  const sample = fc.record({
    atMs: fc.nat(spanMs - 1).map((after) => fromMs + after),
    httpCode: fc.oneof(fc.constant(200), fc.nat(999)),
    total: tenths,
    dns: tenths,
    tcp: tenths,
    tls: tenths,
    ttfb: tenths,
  });
  return fc
    .uniqueArray(sample, { selector: ({ atMs }) => atMs, maxLength })
    .map((samples) => samples.sort((a, b) => a.atMs - b.atMs));
}

/** A look that failed. */
export function failedAt(endpoint: number, atMs: number): FailedCheck {
  const phases = { rttMs: null, dnsMs: null, tcpMs: null, tlsMs: null, ttfbMs: null };
  return { ...endpointOf(endpoint), atMs, method: 'GET', httpCode: 500, errorCode: 0, reason: 'http_5xx', ...phases };
}

export async function fail(db: Database, endpoint: number, times: readonly number[]): Promise<void> {
  await db.transaction((tx) =>
    insertFailures(
      tx,
      db.dialect,
      times.map((atMs) => failedAt(endpoint, atMs)),
    ),
  );
}

/** Everything a reader may ask of the first endpoints. */
export async function answers(history: History, fromMs: number, toMs: number) {
  const all: unknown[] = [];
  for (const endpoint of [1, 2, 3]) {
    const { endpointId } = endpointOf(endpoint);
    all.push(await history.samples(endpointId, fromMs, toMs, 10_000));
    all.push(await history.samples(endpointId, fromMs + 7 * MINUTE, toMs - HOUR_MS, 5));
    for (const step of ['minute', 'hour', 'day'] as const)
      all.push(await history.series(endpointId, { fromMs: fromMs + HOUR_MS, toMs, step }));
    all.push(await history.coverage(endpointId, fromMs + 90 * MINUTE, toMs, MINUTE));
  }
  return all;
}
