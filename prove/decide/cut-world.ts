/**
 * A program in a user and network namespace of its own: the server watches sites behind one wire, which is cut for a
 * while. Takes `CutWorldOptions` as JSON, says how far it is as lines `... text`, and last a `CutWorldReport`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { type Booked, bookedTime } from './booked-time.ts';
import type { CutKind, CutSitesOptions } from './cut-sites.ts';
import { openLog } from './log-reader.ts';
import { startProduct } from './product.ts';
import { seedSites } from './seed.ts';

export type CutWorldOptions = {
  kind: CutKind;
  sites: number;
  networks: number;
  cutMs: number;
  intervalMinutes: number;
  root: string;
  folder: string;
};

export type CutWorldReport = {
  /** `http` events opened from the cut on, and those of them after the first event about the server itself. */
  opened: number;
  openedAfterTrip: number;
  /** From the cut to the first event about the server itself; null: there was none. */
  tripMs: number | null;
  downs: number;
  /** Of these, told before the first event about the server itself, and still standing at the end. */
  downsBeforeTrip: number;
  downsStanding: number;
  /** `http` events that the gate took back, and the longest that one of them was open, ms; null: none. */
  takenBack: number;
  longestMs: number | null;
  /** Over all sites, from the cut until the end. */
  booked: Booked;
  /** What the server said of itself. */
  operatorEvents: string[];
};

const OWN = '10.255.0.1';
const PEER = '10.255.0.2';
const TIMEOUT_SECONDS = 10;
const ROUND_LIMIT_MS = 150_000;

const options = JSON.parse(process.argv[2] ?? '') as CutWorldOptions;
const { kind, sites, networks, cutMs, root, folder } = options;
const intervalMs = options.intervalMinutes * 60_000;
const ip = (...args: string[]) => execFileSync('ip', args);
const say = (text: string) => process.stdout.write(`... ${text}\n`);
const signal = new AbortController().signal;

watchLifeline(process.env, () => process.exit());
const far = await startFar();
const dataDir = join(folder, `cut-${kind}-${sites}`);
await mkdir(dataDir, { recursive: true });
await seedSites(`sqlite:${join(dataDir, 'jetmon.db')}`, urls(), options.intervalMinutes);
const place = { root, folder, signal, long: false, only: [], rounds: null, progress: say };
const product = await startProduct(place, {
  dataDir,
  config: {
    EGRESS_ALLOW: ['10.0.0.0/8'],
    NET_COMMS_TIMEOUT: TIMEOUT_SECONDS,
    PROBES_PER_HOST: 0,
    PROBES_PER_NETWORK: 0,
  },
});
const log = openLog(dataDir);
await allChecked('first round', sites);
const cutAtMs = Date.now();
await cut();
say(`${kind}: cut for ${cutMs / 1000} s`);
await delay(cutMs);
await mend();
const mendedAtMs = Date.now();
await delay(intervalMs + 2 * TIMEOUT_SECONDS * 1_000);
await allChecked('after the cut', sites, mendedAtMs);
const untilMs = Date.now();
// History is written behind, at the latest when it stops.
await product.stop();
process.stdout.write(`${JSON.stringify(await report(untilMs))}\n`);
log.close();
process.exit();

function* urls(): Iterable<string> {
  for (let nth = 0; nth < sites; nth += 1) yield `http://10.${(nth % networks) + 1}.0.1/s/${nth}`;
}

async function startFar() {
  const input: CutSitesOptions = { wire: 'far', own: PEER, peer: OWN, networks };
  const program = join(import.meta.dirname, 'cut-sites.ts');
  const child = spawn('unshare', ['-n', process.execPath, program, JSON.stringify(input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const expect = async (wanted: string): Promise<void> => {
    const { value, done } = await lines.next();
    if (done || value !== wanted) throw new Error(`the sites said ${value ?? 'nothing'} instead of ${wanted}`);
  };
  await Promise.race([
    expect('listening'),
    once(child, 'exit').then(() => Promise.reject(new Error('the sites ended'))),
  ]);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
  ip('link', 'set', 'far', 'netns', String(child.pid));
  ip('addr', 'add', `${OWN}/30`, 'dev', 'near');
  ip('link', 'set', 'near', 'up');
  const order = async (line: string): Promise<void> => {
    child.stdin.write(`${line}\n`);
    await expect(`${line} done`);
  };
  await order('up');
  ip('route', 'add', '10.0.0.0/8', 'via', PEER);
  return { order };
}

async function cut(): Promise<void> {
  if (kind === 'unreachable') ip('route', 'del', '10.0.0.0/8');
  else await far.order(`cut ${kind}`);
}

async function mend(): Promise<void> {
  if (kind === 'unreachable') ip('route', 'add', '10.0.0.0/8', 'via', PEER);
  else await far.order(`mend ${kind}`);
}

/** Waits until every site was seen well at least once since then. */
async function allChecked(what: string, count: number, sinceMs = 0): Promise<void> {
  const untilMs = performance.now() + ROUND_LIMIT_MS;
  for (let well = 0; well < count; ) {
    well = 0;
    for await (const { endpoints } of product.client.sites.list({ limit: 200 })) {
      const latest = endpoints[0]?.latest;
      if (latest?.state === 'Up' && Date.parse(latest.checked_at) >= sinceMs) well += 1;
    }
    say(`${kind}, ${what}: ${well} of ${count}`);
    if (performance.now() > untilMs) return;
    await delay(2_000);
  }
}

async function report(untilMs: number): Promise<CutWorldReport> {
  const since = (where: string, ...values: number[]) =>
    log.query(`select check_type, discriminator, started_at, metadata from jetmon_events where ${where}`, ...values);
  const own = since("check_type = 'monitor' and started_at >= ?", cutAtMs);
  const tripAtMs = own.length === 0 ? null : Math.min(...own.map((row) => Number(row['started_at'])));
  const opened = log.query(
    `select t.changed_at from jetmon_event_transitions t join jetmon_events e on e.id = t.event_id
     where e.check_type = 'http' and t.reason = 'opened' and t.changed_at >= ?`,
    cutAtMs,
  );
  const downs = log.query(
    `select t.changed_at, e.ended_at, e.resolution_reason
     from jetmon_event_transitions t join jetmon_events e on e.id = t.event_id
     where e.check_type = 'http' and t.state_after = 'Down' and t.state_before <> 'Down' and t.changed_at >= ?`,
    cutAtMs,
  );
  const takenBack = log.query(
    `select ended_at - started_at as open_ms from jetmon_events
     where check_type = 'http' and resolution_reason = 'false_alarm' and started_at >= ?`,
    cutAtMs,
  );
  const isBeforeTrip = (row: Record<string, unknown>) => tripAtMs !== null && Number(row['changed_at']) <= tripAtMs;
  return {
    opened: opened.length,
    openedAfterTrip:
      tripAtMs === null ? opened.length : opened.filter((row) => Number(row['changed_at']) > tripAtMs).length,
    tripMs: tripAtMs === null ? null : tripAtMs - cutAtMs,
    downs: downs.length,
    downsBeforeTrip: downs.filter(isBeforeTrip).length,
    downsStanding: downs.filter((row) => row['resolution_reason'] !== 'false_alarm').length,
    takenBack: takenBack.length,
    longestMs: takenBack.length === 0 ? null : Math.max(...takenBack.map((row) => Number(row['open_ms']))),
    booked: await bookedTime(dataDir, { fromMs: cutAtMs, toMs: untilMs }, intervalMs),
    operatorEvents: own.map((row) => String(row['discriminator'])),
  };
}
