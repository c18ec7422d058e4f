/** Pages of fifty sites with their states, out of a hundred thousand that are watched meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { listSites } from '../../src/contracts/sites.ts';
import { type WatchedFleet, withFleet } from '../decide/fleet.ts';
import { runProgram } from '../prober/program.ts';
import { grouped } from '../prober/row.ts';
import type { LoadOptions, LoadReport } from './load-client.ts';
import type { Place, Row } from './place.ts';

const SITES = 100_000;
const FAILING_ONE_IN = 100;
const INTERVAL_MINUTES = 60;
const PER_SECOND = 50;
const PAGE = 50;
const SECONDS = { prove: 20, long: 120 };
const FIRST_ROUND_LIMIT_MS = 600_000;
/** What the first round stirred up settles. */
const SETTLE_MS = 10_000;
/** Pages that are walked through for the cursors that are then asked for in any order. */
const PAGES = 400;
const LIFE_LIMIT_MS = 600_000;

const ENGINES: readonly { name: string; goalMs: number; url(place: Place): Promise<string | undefined> }[] = [
  { name: 'SQLite', goalMs: 25, url: async () => undefined },
  { name: 'MariaDB', goalMs: 30, url: async (place) => (await place.server()).newDatabase() },
];

export const LIST_ROWS: readonly Row[] = ENGINES.map(({ name, goalMs, url }) => ({
  what: `list of ${PAGE} sites with their state, out of ${grouped(SITES)} that are watched, ${PER_SECOND} a second, ${name}`,
  goal: `p99 ≤ ${goalMs} ms`,
  async measure(place) {
    const databaseUrl = await url(place);
    const options = {
      sites: SITES,
      intervalMinutes: INTERVAL_MINUTES,
      failingOneIn: FAILING_ONE_IN,
      config: {},
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
    };
    return withFleet(place, options, async (fleet) => {
      await fleet.firstRound(FIRST_ROUND_LIMIT_MS);
      await delay(SETTLE_MS, undefined, { signal: place.signal });
      return ask(place, fleet, goalMs);
    });
  },
}));

async function ask(place: Place, { product }: WatchedFleet, goalMs: number) {
  place.progress('walking through the pages');
  const paths = await pathsOf(product.client);
  const seconds = place.long ? SECONDS.long : SECONDS.prove;
  place.progress(`${PER_SECOND} lists a second for ${seconds} s`);
  const { hostname, port } = new URL(product.origin);
  const input: LoadOptions = {
    host: hostname,
    port: Number(port),
    token: product.token,
    paths,
    connections: 8,
    perSecond: PER_SECOND,
    warmUpSeconds: 5,
    seconds,
  };
  const file = '../api/load-client.ts';
  const { signal } = place;
  const load = await runProgram<LoadReport>({ file, input, core: 'any', limitMs: LIFE_LIMIT_MS, signal });
  const isWhole = load.failed === 0 && load.answers >= seconds * PER_SECOND * 0.99;
  return {
    measured: `p99 ${load.p99Ms.toFixed(1)} ms`,
    held: isWhole && load.p99Ms <= goalMs,
    detail: `${grouped(load.answers)} pages of any place in the list, one in four filtered by state or text; p50 ${load.p50Ms.toFixed(1)} ms, max ${load.maxMs.toFixed(0)} ms, ${load.failed} failed; one site in ${FAILING_ONE_IN} is down`,
  };
}

/** Pages of any place, in an order that has nothing to do with theirs. */
async function pathsOf(client: WatchedFleet['product']['client']): Promise<string[]> {
  const paths: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const reply = await client.call(listSites, { query });
    const words = new URLSearchParams({ limit: String(PAGE), ...(cursor === undefined ? {} : { cursor }) });
    if (page % 8 === 3) words.set('state', 'Down');
    if (page % 8 === 7) words.set('monitor_active', 'true');
    paths.push(`/api/v1/sites?${words}`);
    if (reply.page.next === null) break;
    cursor = reply.page.next;
  }
  // A step that shares no factor with their number meets each once.
  const STEP = 157;
  return paths.map((_, nth) => paths[(nth * STEP) % paths.length] ?? '');
}
