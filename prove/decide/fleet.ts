/** A fleet of sites on loopback, in many networks, and a server that watches them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Program, startProgram } from '../prober/program.ts';
import type { Folder } from '../rows.ts';
import type { FleetReport, FleetTargetOptions, FleetTargetWords } from './fleet-target.ts';
import { type Product, startProduct } from './product.ts';
import { seedSites } from './seed.ts';

export type FleetOptions = {
  sites: number;
  intervalMinutes: number;
  /** One site in so many answers 503; 0: none. */
  failingOneIn: number;
  config: Readonly<Record<string, unknown>>;
  /** Its database; an embedded one of its own unless it is given. */
  databaseUrl?: string;
};

export type WatchedFleet = {
  product: Product;
  target: Program;
  ask(path: '/begin' | '/report'): Promise<FleetReport>;
  /** Waits until each site was looked at once. */
  firstRound(limitMs: number): Promise<void>;
};

/** Enough of them that no limit on one network is what is measured. */
export const NETWORKS = 64;
const LIFE_LIMIT_MS = 3_600_000;

export async function withFleet<T>(
  place: Folder,
  options: FleetOptions,
  run: (fleet: WatchedFleet) => Promise<T>,
): Promise<T> {
  const { sites } = options;
  const { signal, progress } = place;
  const input: FleetTargetOptions = {
    addresses: Array.from({ length: NETWORKS }, (_, nth) => `127.${nth + 1}.0.1`),
    pages: sites,
  };
  const target = startProgram({
    file: '../decide/fleet-target.ts',
    input,
    core: 'any',
    limitMs: LIFE_LIMIT_MS,
    signal,
  });
  try {
    const { origins, control } = (await target.next()) as FleetTargetWords;
    const dataDir = join(place.folder, crypto.randomUUID());
    await mkdir(dataDir);
    progress('a registry of sites');
    const databaseUrl = options.databaseUrl ?? `sqlite:${join(dataDir, 'jetmon.db')}`;
    await seedSites(databaseUrl, urlsAt(origins, options), options.intervalMinutes);
    const database = options.databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl };
    const config = { EGRESS_ALLOW: ['127.0.0.0/8'], NET_COMMS_TIMEOUT: 5, ...database, ...options.config };
    const product = await startProduct(place, { dataDir, config });
    const ask = async (path: string) => (await (await fetch(`${control}${path}`, { signal })).json()) as FleetReport;
    try {
      return await run({
        product,
        target,
        ask,
        async firstRound(limitMs) {
          const untilMs = performance.now() + limitMs;
          for (let asked = 0; asked < sites; ) {
            ({ asked } = await ask('/report'));
            progress(`first round: ${asked} of ${sites}`);
            if (performance.now() > untilMs)
              throw new Error(`only ${asked} of ${sites} sites were checked in the first round`);
            await delay(1_000, undefined, { signal });
          }
        },
      });
    } finally {
      await product.stop();
    }
  } finally {
    await target.stop();
  }
}

function* urlsAt(origins: readonly string[], { sites, failingOneIn }: FleetOptions): Iterable<string> {
  for (let page = 1; page <= sites; page += 1) {
    const kind = failingOneIn > 0 && page % failingOneIn === 0 ? 'f' : 's';
    yield `${origins[page % origins.length]}/${kind}/${page}`;
  }
}
