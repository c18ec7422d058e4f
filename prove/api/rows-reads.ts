/** One site, again and again, from a server that looks at a thousand sites a second meanwhile. */
import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../test/kit/programs.ts';
import { type WatchedFleet, withFleet } from '../decide/fleet.ts';
import { runProgram } from '../prober/program.ts';
import { grouped } from '../prober/row.ts';
import { percentile } from '../statistics.ts';
import type { LoadOptions, LoadReport } from './load-client.ts';
import type { Place, Row } from './place.ts';

const SITES = 60_000;
const INTERVAL_MINUTES = 1;
const CHECKS_PER_SECOND = SITES / (INTERVAL_MINUTES * 60);
const SECONDS = { prove: 20, long: 120 };
const FIRST_ROUND_LIMIT_MS = 600_000;
const SETTLE_MS = 30_000;
const LIFE_LIMIT_MS = 600_000;
/** Sites whose newest timing is looked at. */
const SAMPLE = 2_000;
const GOAL = { perSecond: 3_000, errorMs: 5 };

export const READ_ROWS: readonly Row[] = [
  {
    what: `GET /sites/{id}, ${grouped(CHECKS_PER_SECOND)} checks a second beside it, SQLite`,
    goal: `≥ ${grouped(GOAL.perSecond)} a second from one core, error of TTFB p99 ≤ ${GOAL.errorMs} ms`,
    async measure(place) {
      const options = { sites: SITES, intervalMinutes: INTERVAL_MINUTES, failingOneIn: 0, config: {} };
      return withFleet(place, options, async (fleet) => {
        await fleet.firstRound(FIRST_ROUND_LIMIT_MS);
        await delay(SETTLE_MS, undefined, { signal: place.signal });
        return read(place, fleet, putFirst(fleet.target.pid));
      });
    },
  },
];

/**
 * Before everything else that runs here, where the system allows it: sites have machines of their own, and their wait for a
 * core that we keep busy would count as an error of ours. Returns whether it is so.
 */
function putFirst(pid: number | null): boolean {
  const chrt = findProgram('chrt', (process.env['PATH'] ?? '').split(delimiter));
  if (chrt === null || pid === null) return false;
  return spawnSync(chrt, ['--all-tasks', '--rr', '--pid', '1', String(pid)], { stdio: 'ignore' }).status === 0;
}

async function read(place: Place, fleet: WatchedFleet, areSitesFirst: boolean) {
  const { product, ask } = fleet;
  const seconds = place.long ? SECONDS.long : SECONDS.prove;
  place.progress(`as many reads as it answers, for ${seconds} s`);
  const { hostname, port } = new URL(product.origin);
  const input: LoadOptions = {
    host: hostname,
    port: Number(port),
    token: product.token,
    paths: Array.from({ length: 1_000 }, (_, nth) => `/api/v1/sites/${nth * 59 + 1}`),
    connections: 32,
    perSecond: null,
    warmUpSeconds: 5,
    seconds,
  };
  await ask('/begin');
  const startMs = Date.now();
  const file = '../api/load-client.ts';
  const { signal } = place;
  const load = await runProgram<LoadReport>({ file, input, core: 'any', limitMs: LIFE_LIMIT_MS, signal });
  const tookSeconds = (Date.now() - startMs) / 1_000;
  const { requests } = await ask('/report');
  const errors = await timingErrors(fleet, startMs);
  const errorMs = percentile(errors, 0.99);
  const checks = requests / tookSeconds;
  return {
    measured: `${grouped(load.perSecond)} a second, error of TTFB p99 ${errorMs.toFixed(1)} ms`,
    held:
      load.failed === 0 &&
      load.perSecond >= GOAL.perSecond &&
      errorMs <= GOAL.errorMs &&
      checks >= CHECKS_PER_SECOND * 0.98,
    detail: `answered within p50 ${load.p50Ms.toFixed(1)} ms, p99 ${load.p99Ms.toFixed(0)} ms, ${load.failed} failed; ${grouped(checks)} checks a second meanwhile; the error is the whole TTFB of ${grouped(errors.length)} newest looks at a site that answers at once, p50 ${percentile(errors, 0.5).toFixed(2)} ms; server, sites and the one who asks share the cores, ${areSitesFirst ? 'where the sites come first' : 'so that the sites answer late'}`,
  };
}

async function timingErrors({ product }: WatchedFleet, sinceMs: number): Promise<number[]> {
  const errors: number[] = [];
  for await (const site of product.client.sites.list({ limit: 200 })) {
    const latest = site.endpoints[0]?.latest;
    if (latest && Date.parse(latest.checked_at) >= sinceMs) errors.push(latest.timings_ms.ttfb ?? Number.NaN);
    if (errors.length >= SAMPLE) break;
  }
  return errors;
}
