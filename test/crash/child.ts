/**
 * The process that is killed. It sends again what an earlier one left in doubt, then works through its bursts, and says
 * on standard output what it sends (`send`) and what was acknowledged (`ack`), each line before it goes on. With
 * `failAt` it kills itself at that moment around a statement or commit; 0 never.
 */
import { readFileSync, writeSync } from 'node:fs';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEvents } from '../../src/store/events.ts';
import { createSubscriptions } from '../../src/store/subscriptions.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { bursts, fromLine, inputOf, type Operation, type Patient, toLine } from './workload.ts';

export type Orders = {
  url: string;
  seed: number;
  /** Begins the names of all operations of this process. */
  prefix: string;
  failAt: number;
  bursts: number;
  /** Operations in doubt, one a line. */
  inDoubt: string;
};

const SITES = 3;
const ENDPOINTS_OF_A_SITE = 2;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Waits until the parent says what to do: by then everything is loaded. */
const orders = fromLine<Orders>(readFileSync(0, 'utf8'));
let moments = 0;
let isCounting = false;

function moment(when: 'before' | 'after', what: string): void {
  if (!isCounting) return;
  moments += 1;
  if (moments !== orders.failAt) return;
  say(`kill ${moments} ${when} ${what}`);
  process.kill(process.pid, 'SIGKILL');
}

const db = await openDatabase({ url: orders.url, onStatement: moment });
const events = createEvents({ db, changes: createChanges({ log: silentLog }) });
const endpoints = createEndpoints(db);

async function send(operation: Operation): Promise<void> {
  const { transitions } = await events.append(inputOf(operation));
  say(`ack ${operation.opId} ${transitions.length}`);
}

async function admit(): Promise<Patient[]> {
  const patients: Patient[] = [];
  for (let site = 0; site < SITES; site += 1) {
    let siteId: Patient['siteId'] | null = null;
    for (let at = 0; at < ENDPOINTS_OF_A_SITE; at += 1) {
      const url = `https://${orders.prefix}-${site}-${at}.example/`;
      const created = await endpoints.create(EVERY_SITE, {
        siteId,
        url,
        active: true,
        bucketNo: 0,
        intervalSeconds: 60,
      });
      if (!('endpoint' in created)) throw new Error('the registry is shared');
      siteId = created.endpoint.siteId;
      patients.push(created.endpoint);
    }
  }
  return patients;
}

/** Somebody who wants to hear of everything, so that each change has a delivery. */
async function subscribe(): Promise<void> {
  const subscriptions = createSubscriptions({ db, clock: systemClock, random: systemRandom });
  if ((await subscriptions.webhook(1n)) !== null) return;
  await subscriptions.createWebhook({ url: 'https://receiver.example/', createdBy: 'test' });
}

await subscribe();
const patients = await admit();
isCounting = true;
await Promise.all(
  orders.inDoubt
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => send(fromLine<Operation>(line))),
);
for (const burst of bursts(orders.seed, orders.prefix, patients, orders.bursts)) {
  for (const operation of burst) say(`send ${toLine(operation)}`);
  await Promise.all(burst.map(send));
}
say(`moments ${moments}`);
await events.close();
await db.close();
