/** A whole server with many sites: whether each is looked at in its time, and what that takes. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { grouped } from '../prober/row.ts';
import type { Folder, Row } from '../rows.ts';
import { type WatchedFleet, withFleet } from './fleet.ts';
import { type LogReader, openLog } from './log-reader.ts';

const SITES = 10_000;
const FAILING_ONE_IN = 100;
const INTERVAL_MS = 60_000;
const MEASURED_MS = { prove: 180_000, long: 600_000 };
const FIRST_ROUND_LIMIT_MS = 180_000;
const ROWS_WRITTEN = 'jetmon_store_rows_written_total';
const GOAL = { p95Ms: 61_000, maxMs: 66_000, cpuMs: 0.5, rssMb: 200, rowsPerCheck: 0.05 };

export const FLEET_ROWS: readonly Row<Folder>[] = [
  {
    what: `${grouped(SITES)} plain HTTP sites at ${INTERVAL_MS / 1000} s, 1 % failing, SQLite: the whole server`,
    goal: `all checked in every round, age p95 ≤ ${GOAL.p95Ms / 1000} s and max ≤ ${GOAL.maxMs / 1000} s, CPU ≤ ${GOAL.cpuMs} ms a check, RSS ≤ ${GOAL.rssMb} MB, ≤ ${GOAL.rowsPerCheck} rows written a healthy check`,
    measure,
  },
];

async function measure(place: Folder) {
  const options = { sites: SITES, intervalMinutes: INTERVAL_MS / 60_000, failingOneIn: FAILING_ONE_IN, config: {} };
  return withFleet(place, options, async (fleet) => {
    await fleet.firstRound(FIRST_ROUND_LIMIT_MS);
    return watch(fleet, place);
  });
}

async function watch(fleet: WatchedFleet, place: Folder) {
  const log = openLog(fleet.product.dataDir);
  try {
    return await watchBeside(log, fleet, place);
  } finally {
    log.close();
  }
}

async function watchBeside(log: LogReader, { product, ask }: WatchedFleet, place: Folder) {
  const { pid, metric } = product;
  const failedLooks = () => Number(log.query('select count(*) as looks from jetmon_check_history')[0]?.['looks']);
  const { progress, signal } = place;
  // What the start stirred up settles: the failing ones are confirmed, everybody takes their place in the round.
  await delay(INTERVAL_MS, undefined, { signal });
  const before = { cpuMs: await cpuMsOf(pid), rows: await metric(ROWS_WRITTEN), failedLooks: failedLooks() };
  await ask('/begin');
  const measuredMs = place.long ? MEASURED_MS.long : MEASURED_MS.prove;
  let rssMb = 0;
  for (let passedMs = 0; passedMs < measuredMs; passedMs += 1_000) {
    rssMb = Math.max(rssMb, await rssMbOf(pid));
    progress(`${Math.round((measuredMs - passedMs) / 1000)} s to go, ${rssMb.toFixed(0)} MB`);
    await delay(1_000, undefined, { signal });
  }
  const { requests, failing, asked, ageP50Ms, ageP95Ms, ageMaxMs } = await ask('/report');
  const cpuMs = ((await cpuMsOf(pid)) - before.cpuMs) / requests;
  const all = (await metric(ROWS_WRITTEN)) - before.rows;
  // A failed look is a row of its own.
  const rows = (all - (failedLooks() - before.failedLooks)) / (requests - failing);
  const s = (ms: number) => (ms / 1000).toFixed(1);
  return {
    measured: `${grouped(asked)} checked, age p95 ${s(ageP95Ms)} s, max ${s(ageMaxMs)} s; CPU ${cpuMs.toFixed(3)} ms, ${rssMb.toFixed(0)} MB, ${rows.toFixed(3)} rows a healthy check`,
    held:
      asked === SITES &&
      ageP95Ms <= GOAL.p95Ms &&
      ageMaxMs <= GOAL.maxMs &&
      cpuMs <= GOAL.cpuMs &&
      rssMb <= GOAL.rssMb &&
      rows <= GOAL.rowsPerCheck,
    detail: `${grouped(requests)} checks in ${measuredMs / 1000} s, age p50 ${s(ageP50Ms)} s; CPU of the whole process; highest RSS of one look a second; rows of every kind but those of the ${grouped(failing)} failed looks (${(all / requests).toFixed(3)} a check with them)`,
  };
}

async function cpuMsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  const MS_PER_TICK = 10;
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

async function rssMbOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
