/** The network of the monitor is cut while every site is well: nothing may be said of the sites. */
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
const NETWORKS = 50;
const CUT_MS = 60_000;
const INTERVAL_MINUTES = 1;
const LIFE_LIMIT_MS = 900_000;
/** As long as a look may take, at each end of the cut. */
const KINDS: Readonly<Record<CutKind, string>> = {
  silent: 'replies are lost',
  unreachable: 'there is no route',
};

export const CUT_ROWS: readonly Row<Folder>[] = (Object.keys(KINDS) as CutKind[]).map((kind) => ({
  what: `the network of the monitor is cut for ${CUT_MS / 1000} s, ${SITES} healthy sites: ${KINDS[kind]}`,
  goal: '0 Seems Down opened once the gate tripped, 0 ms of downtime booked, Unknown booked instead',
  waits: true,
  measure: (place) => measure(kind, place),
}));

async function measure(kind: CutKind, place: Folder) {
  const { opened, openedAfterTrip, tripMs, downs, booked, operatorEvents } = await cutWorld(kind, place);
  const minutes = (booked.unknownMs / booked.endpoints / 60_000).toFixed(2);
  const trip = tripMs === null ? 'the gate did not trip' : `tripped after ${(tripMs / 1000).toFixed(1)} s`;
  return {
    measured: `${opened} Seems Down opened, ${openedAfterTrip} of them after the trip, ${downs} Down; ${booked.downtimeMs} ms of downtime, ${minutes} min of Unknown a site; ${trip}`,
    held: openedAfterTrip === 0 && downs === 0 && booked.downtimeMs === 0 && booked.unknownMs > 0 && tripMs !== null,
    detail: `sites on ${NETWORKS} networks behind one wire of a network namespace, no verifiers, no reference targets; the server said of itself: ${[...new Set(operatorEvents)].join(', ') || 'nothing'}`,
  };
}

async function cutWorld(kind: CutKind, { root, folder, progress, signal }: Folder): Promise<CutWorldReport> {
  await promisify(execFile)('unshare', ['-Urn', 'true']).catch((cause: unknown) => {
    throw new Error('this machine lets nobody make a network namespace (`unshare -Urn`)', { cause });
  });
  const input: CutWorldOptions = {
    kind,
    sites: SITES,
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
