/** A whole fleet fails at once: it is told from trouble of our own by others, and by nobody else. */
import { setTimeout as delay } from 'node:timers/promises';
import { grouped } from '../prober/row.ts';
import type { Folder, Row } from '../rows.ts';
import { seconds } from '../statistics.ts';
import { withFleet } from './fleet.ts';
import { type LogReader, openLog } from './log-reader.ts';
import { withVerifiers } from './product.ts';

const SITES = { prove: 20_000, long: 100_000 };
const VERIFIERS = 3;
const INTERVAL_MINUTES = 2;
const FIRST_ROUND_LIMIT_MS = 300_000;
/** Until all of them are known to be down. */
const LIMIT_MS = 420_000;

export const MASS_ROWS: readonly Row<Folder>[] = [
  {
    what: `a whole fleet fails at once, ${VERIFIERS} verifiers, the whole path`,
    goal: 'the gate trips, verifiers confirm, 0 Down on local evidence alone',
    measure,
  },
];

async function measure(place: Folder) {
  const sites = place.long ? SITES.long : SITES.prove;
  return withVerifiers(place, VERIFIERS, {}, (entries) => {
    const options = { sites, intervalMinutes: INTERVAL_MINUTES, failingOneIn: 0, config: { VERIFIERS: entries } };
    return withFleet(place, options, async ({ product, target, firstRound }) => {
      await firstRound(FIRST_ROUND_LIMIT_MS);
      const log = openLog(product.dataDir);
      try {
        target.signal('SIGKILL');
        return await follow(log, sites, place);
      } finally {
        log.close();
      }
    });
  });
}

async function follow(log: LogReader, sites: number, { progress, signal }: Folder) {
  const failedAtMs = Date.now();
  const downs = new Map<string, number>();
  let [confirmed, lastMs, firstTrip] = [0, Number.NaN, Number.NaN];
  while (confirmed < sites && Date.now() - failedAtMs < LIMIT_MS) {
    for (const { stateAfter, how, changedAtMs } of log.next()) {
      if (stateAfter !== 'Down') continue;
      downs.set(how, (downs.get(how) ?? 0) + 1);
      confirmed += 1;
      lastMs = changedAtMs;
    }
    const [trip] = log.query(
      `select min(started_at) as at from jetmon_events where check_type = 'monitor' and discriminator = 'mass_failure'`,
    );
    if (trip !== undefined && trip['at'] !== null) firstTrip = Number(trip['at']);
    progress(`${grouped(confirmed)} of ${grouped(sites)} sites known to be down`);
    await delay(1_000, undefined, { signal });
  }
  const local = downs.get('none_configured') ?? 0;
  const unverified = log.query(
    `select count(*) as n from jetmon_events where check_type = 'http' and state = 'Down' and metadata not like '%"verifier_outcome"%'`,
  );
  const alone = Math.max(local, Number(unverified[0]?.['n'] ?? 0));
  const trip = Number.isNaN(firstTrip) ? 'the gate did not trip' : `tripped after ${seconds(firstTrip - failedAtMs)}`;
  return {
    measured: `${grouped(sites)} sites: ${trip}, ${grouped(confirmed)} Down confirmed by verifiers within ${seconds(lastMs - failedAtMs)}, ${alone} on local evidence alone`,
    held: confirmed === sites && alone === 0 && !Number.isNaN(firstTrip),
    detail: `sites at ${INTERVAL_MINUTES * 60} s whose servers are killed at one moment; verifiers on the same machine`,
  };
}
