/** The network of the monitor is cut, or answers by itself, while every site is well: nothing may be left said of the sites. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startGroup } from '../../scripts/child.ts';
import { productEnvironment } from '../prober/product.ts';
import type { Folder, Row } from '../rows.ts';
import type { CutKind } from './cut-sites.ts';
import type { CutWorldOptions, CutWorldReport } from './cut-world.ts';

const SITES = 1_000;
const SMALL = 100;
const NETWORKS = 50;
const CUT_MS = 60_000;
const INTERVAL_MINUTES = 1;
const LIFE_LIMIT_MS = 900_000;

type Cut = { kind: CutKind; sites: number; what: string };
const GOAL_OF_CUT = '0 Seems Down opened once the gate tripped, 0 ms of downtime booked, Unknown booked instead';
/** Who watches few sites has confirmed some failures before so many have come that it must be our own trouble. */
const GOAL_OF_ANSWERED =
  '0 opened or confirmed once the gate tripped; what was told before it is taken back; 0 ms of downtime booked';
const CUTS: readonly Cut[] = [
  { kind: 'silent', sites: SITES, what: 'replies are lost' },
  { kind: 'unreachable', sites: SITES, what: 'there is no route' },
  { kind: 'answered', sites: SITES, what: 'everything answers 502' },
  { kind: 'answered', sites: SMALL, what: 'everything answers 502' },
];

export const CUT_ROWS: readonly Row<Folder>[] = CUTS.map((cut) => ({
  what:
    cut.kind === 'answered'
      ? `a sick proxy of ours for ${CUT_MS / 1000} s, ${cut.sites} healthy sites: ${cut.what}`
      : `the network of the monitor is cut for ${CUT_MS / 1000} s, ${cut.sites} healthy sites: ${cut.what}`,
  goal: cut.kind === 'answered' ? GOAL_OF_ANSWERED : GOAL_OF_CUT,
  waits: true,
  measure: (place) => measure(cut, place),
}));

async function measure(cut: Cut, place: Folder) {
  const report = await cutWorld(cut, place);
  const { opened, openedAfterTrip, tripMs, downs, downsBeforeTrip, downsStanding, booked, operatorEvents } = report;
  const minutes = (booked.unknownMs / booked.endpoints / 60_000).toFixed(2);
  const trip = tripMs === null ? 'the gate did not trip' : `tripped after ${(tripMs / 1000).toFixed(1)} s`;
  const nothingWrong = openedAfterTrip === 0 && booked.downtimeMs === 0 && booked.unknownMs > 0 && tripMs !== null;
  const downsHeld = cut.kind === 'answered' ? downs === downsBeforeTrip && downsStanding === 0 : downs === 0;
  return {
    measured: `${opened} Seems Down opened, ${openedAfterTrip} of them after the trip, ${downsIn(report)}; ${booked.downtimeMs} ms of downtime, ${minutes} min of Unknown a site; ${trip}`,
    held: nothingWrong && downsHeld,
    detail: `sites on ${NETWORKS} networks behind one wire of a network namespace, no verifiers, no reference targets; the server said of itself: ${[...new Set(operatorEvents)].join(', ') || 'nothing'}`,
  };
}

/** What was told wrongly, and for how long. */
function downsIn({ opened, downs, downsStanding, takenBack, longestMs }: CutWorldReport): string {
  const told = `${downs} Down`;
  if (opened === 0) return told;
  const longest = longestMs === null ? '' : `, the longest after ${(longestMs / 1000).toFixed(1)} s`;
  return `${told} (told on local evidence, ${downsStanding} of them left standing), ${takenBack} events taken back${longest}`;
}

async function cutWorld({ kind, sites }: Cut, { root, folder, progress, signal }: Folder): Promise<CutWorldReport> {
  await promisify(execFile)('unshare', ['-Urn', 'true']).catch((cause: unknown) => {
    throw new Error('this machine lets nobody make a network namespace (`unshare -Urn`)', { cause });
  });
  const input: CutWorldOptions = {
    kind,
    sites,
    networks: NETWORKS,
    cutMs: CUT_MS,
    intervalMinutes: INTERVAL_MINUTES,
    root,
    folder,
  };
  const group = startGroup(
    'unshare',
    ['-Urn', process.execPath, join(import.meta.dirname, 'cut-world.ts'), JSON.stringify(input)],
    { env: { ...productEnvironment(), JETMON_LIFELINE: '1' }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    LIFE_LIMIT_MS,
  );
  const abort = (): void => group.signal('SIGKILL');
  signal.addEventListener('abort', abort);
  let words = '';
  group.child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + String(chunk)).slice(-2_000);
  });
  try {
    if (group.child.stdout === null) throw new TypeError('the program has no output');
    let last = '';
    for await (const line of createInterface({ input: group.child.stdout })) {
      if (line.startsWith('... ')) progress(line.slice(4));
      else last = line;
    }
    if (last === '') throw new Error(`the world ended early: ${words.trim().split('\n').slice(-3).join(' / ')}`);
    return JSON.parse(last) as CutWorldReport;
  } finally {
    signal.removeEventListener('abort', abort);
    group.signal('SIGKILL');
    await group.ended;
  }
}
