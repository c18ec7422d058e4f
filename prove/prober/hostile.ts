/**
 * A program: draws hostile servers from the corpus and sets them against a prober in a process of its own. Takes
 * `HostileOptions` as JSON, prints a `HostileMeasured` as one line.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { watchLifeline } from '../../src/app/lifeline.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import { drawHostile, HOSTILE_CLASSES } from '../../test/hostile/corpus.ts';
import { type HostileKit, openHostileKit } from '../../test/hostile/hostile-kit.ts';
import { type HostileProbe, playDraw } from '../../test/hostile/play.ts';
import type { HostileNews, HostileOrder, HostileState } from './hostile-prober.ts';
import { PRODUCT_FLAGS } from './product.ts';

export type HostileOptions = {
  seed: number;
  /** Plays before memory and descriptors are counted. */
  warmUp: number;
  plays: number;
  /** Plays at once. */
  atOnce: number;
};

export type HostileMeasured = {
  plays: number;
  classes: number;
  /** Plays whose verdict, evidence or cost was not as the class wants it. */
  wrong: number;
  /** The first of each class. */
  examples: string[];
  before: HostileState;
  after: HostileState;
  wallMs: number;
};

/** For what is closing to be closed before it is counted. */
const SETTLE_MS = 1_000;

const options = JSON.parse(process.argv[2] ?? '') as HostileOptions;
/** Per class, how often it went wrong, and how the first time. */
const wrong = new Map<string, { times: number; first: string }>();

watchLifeline(process.env, () => process.exit());
// What breaks here is a server, not the prober; the play it belonged to is not as it should be, and is counted.
process.on('uncaughtException', (error) => noteWrong('a server of the corpus', `it broke: ${String(error)}`));
const kit = await openHostileKit();
const subject = startSubject(kit);
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
} finally {
  subject.stop();
  await kit.stop();
}

async function measure(): Promise<HostileMeasured> {
  const { warmUp, plays } = options;
  const startMs = performance.now();
  await playAll(0, warmUp);
  const before = await stateAtRest();
  await playAll(warmUp, warmUp + plays);
  const after = await stateAtRest();
  const wallMs = performance.now() - startMs;
  const forbidden = kit.forbiddenConnections();
  if (forbidden > 0) noteWrong('any', `${forbidden} connections to what the guard must refuse`);
  const wrongs = [...wrong].sort(([, a], [, b]) => b.times - a.times);
  return {
    plays: warmUp + plays,
    classes: HOSTILE_CLASSES.length,
    wrong: wrongs.reduce((sum, [, { times }]) => sum + times, 0),
    examples: wrongs.map(([id, { times, first }]) => `${times} × ${id}, such as ${first}`),
    before,
    after,
    wallMs,
  };
}

async function stateAtRest(): Promise<HostileState> {
  await delay(SETTLE_MS);
  return await subject.state();
}

async function playAll(from: number, to: number): Promise<void> {
  let next = from;
  const player = async (): Promise<void> => {
    while (next < to) {
      const number = next;
      next += 1;
      await play(number);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, player));
}

async function play(number: number): Promise<void> {
  const drawn = drawHostile(HOSTILE_CLASSES, options.seed + number);
  const { id } = drawn.one;
  try {
    const { disagreements } = await playDraw(kit, subject.probe, drawn);
    if (disagreements.length > 0) noteWrong(id, `seed ${drawn.seed}: ${disagreements.join(', ')}`);
  } catch (error) {
    noteWrong(id, `seed ${drawn.seed}: it could not be played: ${String(error)}`);
  }
}

function noteWrong(id: string, how: string): void {
  const known = wrong.get(id) ?? { times: 0, first: how };
  wrong.set(id, { ...known, times: known.times + 1 });
}

function startSubject(hostileKit: HostileKit) {
  const child = fork(join(import.meta.dirname, 'hostile-prober.ts'), {
    execArgv: [...PRODUCT_FLAGS, '--expose-gc'],
    env: { ...process.env, JETMON_LIFELINE: '1' },
  });
  const waiting = new Map<number, (observation: Observation) => void>();
  let stateHeard: (state: HostileState) => void = () => {};
  let nextId = 0;
  let isStopping = false;

  child.on('message', (news: HostileNews) => {
    if (news.kind === 'state') return stateHeard(news.state);
    waiting.get(news.id)?.(news.observation);
    return waiting.delete(news.id);
  });
  child.on('exit', (code, signal) => {
    if (isStopping) return;
    process.stderr.write(`Error: the prober's process crashed with ${signal ?? `code ${code}`}\n`);
    process.exit(1);
  });
  // When it cannot be sent any more, the end of the process says why.
  const tell = (order: HostileOrder): void => void child.send(order, () => {});
  tell({ kind: 'start', settings: settingsOf(hostileKit) });

  const probe: HostileProbe = (job) =>
    new Promise((resolve) => {
      nextId += 1;
      waiting.set(nextId, resolve);
      tell({ kind: 'probe', id: nextId, job });
    });
  return {
    probe,
    state: () =>
      new Promise<HostileState>((resolve) => {
        stateHeard = resolve;
        tell({ kind: 'state' });
      }),
    stop() {
      isStopping = true;
      child.kill('SIGKILL');
    },
  };
}

function settingsOf({ settings }: HostileKit) {
  return {
    scripted: settings('scripted'),
    closed: settings('closed'),
    silent: settings('silent'),
    first_closed: settings('first_closed'),
  };
}
