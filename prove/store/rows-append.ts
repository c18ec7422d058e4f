/** What the event log takes: durable opens a second, and a storm over a large fleet. */
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import { percentile, seconds } from '../statistics.ts';
import { CLOSE, CONFIRM, type Fleet, failureOf, OPEN, openFleet } from './fleet.ts';
import { watchLoop } from './loop-delay.ts';
import { ENGINE_NAMES, ENGINES, type EngineName, type Place, type Row } from './row.ts';

const OPENS_A_SECOND_GOAL = 4_000;
/** Callers that wait for their commit before they ask for the next: what a group has to form from. */
const CALLERS = 1_024;
const OPENS = 40_000;
const STORM = 100_000;
const STORM_GOAL_MS = 10_000;

export const APPEND_ROWS: readonly Row[] = ENGINE_NAMES.flatMap((engine) => [opensRow(engine), stormRow(engine)]);

function opensRow(engine: EngineName): Row {
  return {
    what: `durable opens a second: event, transition, site state, projection, confirmation, failed look, delivery, ${engine}`,
    goal: `≥ ${OPENS_A_SECOND_GOAL.toLocaleString('en')}/s`,
    async measure(place) {
      const fleet = await openFleet(await ENGINES[engine](place), OPENS);
      try {
        // The code is warm before anything is timed.
        await openAll(fleet, 'warm', OPENS / 10, CALLERS);
        await closeAll(fleet, 'warm', OPENS / 10);
        const delays = watchLoop();
        place.progress(`${OPENS} opens on ${engine}`);
        const { ms, cpuMs } = await openAll(fleet, 'open', OPENS, CALLERS);
        const { p99 } = delays.stop();
        const perSecond = Math.round((OPENS / ms) * 1000);
        const rows = await rowsOfOneOpen(fleet);
        const groups = fleet.events.stats();
        return {
          measured: `${perSecond.toLocaleString('en')}/s`,
          held: perSecond >= OPENS_A_SECOND_GOAL,
          detail: `${OPENS} opens by ${CALLERS} callers, each answered after its commit; one open writes ${rows}; ${Math.round(groups.items / groups.commits)} a commit; ${Math.round((cpuMs / OPENS) * 1000)} µs of CPU in this process each; main thread late by p99 ${p99.toFixed(0)} ms`,
        };
      } finally {
        await fleet.close();
      }
    },
  };
}

function stormRow(engine: EngineName): Row {
  return {
    what: `a storm: ${STORM.toLocaleString('en')} failing decisions handed over within a minute, ${engine}`,
    goal: `all committed ≤ ${STORM_GOAL_MS / 1000} s after hand-over, each with its own transition`,
    async measure(place) {
      const fleet = await openFleet(await ENGINES[engine](place), STORM);
      try {
        place.progress(`storm of ${STORM} on ${engine}`);
        return await storm(place, fleet);
      } finally {
        await fleet.close();
      }
    },
  };
}

/** In the shape of a shared host that dies: most of it in the first ten seconds, the rest over the minute. */
async function storm(place: Place, fleet: Fleet) {
  const waits: number[] = [];
  const startMs = performance.now();
  const delays = watchLoop();
  const answers: Promise<boolean>[] = [];
  for (let second = 0, at = 0; at < STORM; second += 1) {
    const count = Math.min(STORM - at, second < 10 ? STORM / 14 : STORM / 175);
    for (let slice = 0; slice < 20; slice += 1) {
      const until = at + Math.ceil(count / 20);
      for (; at < Math.min(until, STORM); at += 1) {
        const site = fleet.sites[at];
        if (site === undefined) continue;
        const handedMs = performance.now();
        answers.push(
          fleet.events.append(failureOf(site, [OPEN()], `storm-${at}`, 1)).then(({ transitions }) => {
            waits.push(performance.now() - handedMs);
            return transitions.length === 1;
          }),
        );
      }
      await delay(50, undefined, { signal: place.signal });
    }
    place.progress(`storm: ${at} handed over, ${waits.length} committed`);
  }
  const handedMs = performance.now() - startMs;
  const opened = (await Promise.all(answers)).filter(Boolean).length;
  const { p99 } = delays.stop();
  const longest = Math.max(...waits.map((wait) => wait));
  const own = await countTransitions(fleet);
  return {
    measured: `${opened.toLocaleString('en')} opened, the slowest ${seconds(longest)} after hand-over`,
    held: opened === STORM && own === STORM && longest <= STORM_GOAL_MS,
    detail: `handed over in ${seconds(handedMs)}, three quarters of it in the first 10 s; wait p50 ${seconds(percentile(waits, 0.5))}, p99 ${seconds(percentile(waits, 0.99))}; ${own} transitions of their own; main thread late by p99 ${p99.toFixed(0)} ms`,
  };
}

async function openAll(fleet: Fleet, name: string, count: number, callers: number) {
  return all(fleet, count, callers, (site, nth) => failureOf(site, [OPEN()], `${name}-${nth}`, 1));
}

async function closeAll(fleet: Fleet, name: string, count: number) {
  return all(fleet, count, CALLERS, (site, nth) => failureOf(site, [CONFIRM, CLOSE], `${name}-close-${nth}`, null));
}

/** Each caller asks, waits for the answer, and asks again. */
async function all(
  fleet: Fleet,
  count: number,
  callers: number,
  input: (site: Fleet['sites'][number], nth: number) => AppendInput,
): Promise<{ ms: number; cpuMs: number }> {
  let next = 0;
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  async function caller(): Promise<void> {
    for (let nth = next++; nth < count; nth = next++) {
      const site = fleet.sites[nth];
      if (site === undefined) throw new Error('the fleet is too small');
      const { transitions } = await fleet.events.append(input(site, nth));
      if (transitions.length === 0) throw new Error(`append ${nth} changed nothing`);
    }
  }
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - startMs, cpuMs: (user + system) / 1000 };
}

/** Counted in the database, table by table, for the opens that were timed. */
async function rowsOfOneOpen({ db, sites }: Fleet): Promise<string> {
  const count = async (table: string, where = '1 = 1') => {
    const { rows } = await sql<{
      n: bigint;
    }>`select count(*) as n from ${sql.table(table)} where ${sql.raw(where)}`.execute(db.kysely);
    return Number(rows[0]?.n ?? 0);
  };
  const opens = sites.length;
  const inserted =
    (await count('jetmon_events', 'ended_at is null')) +
    (await count('jetmon_event_transitions', "op_id like 'open-%'")) +
    (await count('jetmon_endpoint_runtime', 'failing_event_id is not null')) +
    (await count('jetmon_check_history')) -
    OPENS / 10 +
    (await count('jetmon_deliveries', "event_type = 'event.opened'")) -
    OPENS / 10;
  const projected = await count('jetpack_monitor_sites', 'site_status = 0');
  return `${((inserted + projected) / opens).toFixed(1)} rows`;
}

async function countTransitions({ db }: Fleet): Promise<number> {
  const { rows } = await sql<{ n: bigint }>`
    select count(*) as n from jetmon_event_transitions where op_id like 'storm-%/1'`.execute(db.kysely);
  return Number(rows[0]?.n ?? 0);
}
