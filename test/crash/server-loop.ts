/**
 * Kills the database server under a store that goes on working, again and again: what waited is written once the server
 * is back, what was acknowledged before is there, and nothing is there twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEvents, type EventStore } from '../../src/store/events.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { seeded } from '../kit/seeded.ts';
import { ask, type CrashReport } from './crash-loop.ts';
import { bursts, inputOf, type Operation, type Patient } from './workload.ts';

export type ServerPlan = {
  url: string;
  seed: number;
  kills: number;
  /** Ends the server without warning, and starts it again. */
  killAndRestart(): Promise<void>;
  progress?(text: string): void;
  /** Ends the killing; what was killed until then is judged. */
  signal?: AbortSignal;
};

const SITES = 8;
const BURSTS_AT_ONCE = 200;

export async function serverLoop(plan: ServerPlan): Promise<Omit<CrashReport, 'moments' | 'covered' | 'inDoubt'>> {
  const db = await openDatabase({ url: plan.url });
  const events = createEvents({ db, changes: createChanges({ log: silentLog }) });
  const acknowledged = new Map<string, number>();
  const endpoints = createEndpoints(db);
  const patients: Patient[] = [];
  for (let nth = 0; nth < SITES; nth += 1) {
    const url = `https://server-${nth}.example/`;
    const created = await endpoints.create(EVERY_SITE, {
      siteId: null,
      url,
      active: true,
      bucketNo: 0,
      intervalSeconds: 60,
    });
    if (created.kind === 'created') patients.push(created.endpoint);
  }
  let isOver = false;
  const working = work(events, patients, plan.seed, acknowledged, () => isOver);
  const random = seeded(plan.seed);
  let kills = 0;
  try {
    for (; kills < plan.kills && !plan.signal?.aborted; kills += 1) {
      await delay(random() * 60);
      await plan.killAndRestart();
      // Something has to be written in between, or the next kill meets nothing.
      const before = acknowledged.size;
      while (acknowledged.size < before + SITES) await Promise.race([delay(2), working]);
      plan.progress?.(
        `${kills + 1} of ${plan.kills} kills of the server, ${acknowledged.size} operations acknowledged`,
      );
    }
  } finally {
    isOver = true;
    await working;
    await events.close();
    await db.close();
  }
  return { kills, acknowledged: acknowledged.size, ...(await ask(plan.url, { acknowledged })) };
}

/** Bursts without end; each is answered before the next is sent. */
async function work(
  events: EventStore,
  patients: readonly Patient[],
  seed: number,
  acknowledged: Map<string, number>,
  isOver: () => boolean,
): Promise<void> {
  const send = async (operation: Operation) => {
    const { transitions } = await events.append(inputOf(operation));
    acknowledged.set(operation.opId, transitions.length);
  };
  for (let round = 0; !isOver(); round += 1) {
    for (const burst of bursts(seed + round, `round${round}`, patients, BURSTS_AT_ONCE)) {
      await Promise.all(burst.map(send));
      if (isOver()) return;
    }
  }
}
