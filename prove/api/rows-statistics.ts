/** What 90 days of a site at 60 s amount to, asked again and again of a server that holds 120 of them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { type LongSite, writeLongSite } from '../../test/kit/long-site.ts';
import { startProduct } from '../decide/product.ts';
import { runProgram } from '../prober/program.ts';
import { grouped } from '../prober/row.ts';
import type { LoadOptions, LoadReport } from './load-client.ts';
import type { Place, Row } from './place.ts';

const DAY_MS = 86_400_000;
const KEPT_DAYS = 120;
const ASKED_DAYS = 90;
const SECONDS = { prove: 20, long: 120 };
const GOAL_MS = 50;
const LIFE_LIMIT_MS = 600_000;

const FIGURES: readonly { name: string; paths: readonly string[] }[] = [
  { name: 'uptime', paths: ['uptime'] },
  { name: 'response times, as a whole and by the day', paths: ['response-time', 'response-times'] },
  { name: 'incidents', paths: ['incidents'] },
];

const ENGINES: readonly { name: string; url(place: Place): Promise<string | null> }[] = [
  { name: 'SQLite', url: async () => null },
  { name: 'MariaDB', url: async (place) => (await place.server()).newDatabase() },
];

export const STATISTICS_ROWS: readonly Row[] = ENGINES.flatMap((engine) =>
  FIGURES.map(({ name, paths }) => ({
    what: `${name} of one site over ${ASKED_DAYS} days at 60 s checks, ${engine.name}`,
    goal: `p99 ≤ ${GOAL_MS} ms`,
    measure: async (place: Place) =>
      withLongSite(place, await engine.url(place), (server) => ask(place, server, paths)),
  })),
);

type Server = { origin: string; token: string; site: LongSite; nowMs: number };

async function withLongSite<T>(place: Place, url: string | null, run: (server: Server) => Promise<T>): Promise<T> {
  const dataDir = join(place.folder, crypto.randomUUID());
  await mkdir(dataDir);
  const databaseUrl = url ?? `sqlite:${join(dataDir, 'jetmon.db')}`;
  place.progress(`${KEPT_DAYS} days of a site`);
  const nowMs = Date.now();
  const site = await writeSite(databaseUrl, nowMs);
  const product = await startProduct(place, { dataDir, config: url === null ? {} : { DATABASE_URL: url } });
  try {
    return await run({ ...product, site, nowMs });
  } finally {
    await product.stop();
  }
}

/** Paused at the end, so that nobody looks at an address that is made up. */
async function writeSite(url: string, nowMs: number): Promise<LongSite> {
  const db = await openDatabase({ url });
  try {
    const site = await writeLongSite(db, { nowMs, days: KEPT_DAYS });
    const paused = { active: false, statusChangedAtMs: nowMs };
    await createEndpoints(db).update(EVERY_SITE, site.endpoint.endpointId, paused);
    return site;
  } finally {
    await db.close();
  }
}

async function ask(place: Place, { origin, token, site, nowMs }: Server, figures: readonly string[]) {
  const seconds = place.long ? SECONDS.long : SECONDS.prove;
  place.progress(`one after the other for ${seconds} s`);
  const { hostname, port } = new URL(origin);
  const input: LoadOptions = {
    host: hostname,
    port: Number(port),
    token,
    paths: windows(nowMs).flatMap((window) =>
      figures.map((figure) => `/api/v1/sites/${site.endpoint.siteId}/${figure}?${window}`),
    ),
    // One after the other: what an answer takes is asked, not how many there can be.
    connections: 1,
    perSecond: null,
    warmUpSeconds: 5,
    seconds,
  };
  const file = '../api/load-client.ts';
  const { signal } = place;
  const load = await runProgram<LoadReport>({ file, input, core: 'any', limitMs: LIFE_LIMIT_MS, signal });
  if (load.answers === 0) throw new Error(`there was no answer within ${seconds} s`);
  return {
    measured: `p99 ${load.p99Ms.toFixed(1)} ms`,
    held: load.failed === 0 && load.p99Ms <= GOAL_MS,
    detail: `${grouped(load.answers)} answers, one after the other, every other one of the ${ASKED_DAYS} days up to the present; p50 ${load.p50Ms.toFixed(1)} ms, max ${load.maxMs.toFixed(0)} ms, ${load.failed} failed; ${grouped(site.looks)} looks, ${grouped(site.outages)} outages of ${grouped(site.transitions)} transitions in ${KEPT_DAYS} days`,
  };
}

/** Of the last 90 days, and in turns of those up to each of the last 30 days. */
function windows(nowMs: number): string[] {
  return Array.from({ length: KEPT_DAYS - ASKED_DAYS }, (_, nth) => {
    const toMs = nowMs - nth * DAY_MS;
    const between = { from: new Date(toMs - ASKED_DAYS * DAY_MS).toISOString(), to: new Date(toMs).toISOString() };
    return [`window=${ASKED_DAYS}d`, `${new URLSearchParams(between)}`];
  }).flat();
}
