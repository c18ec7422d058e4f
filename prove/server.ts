/** Starts the program as a person would and waits until it says where it listens and answers there. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Group, startGroup } from '../scripts/child.ts';

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
const KEPT_OUTPUT = 4_000;
const STOP_LIMIT_MS = 10_000;

export type Running = {
  origin: string /** From start to the first healthy answer. */;
  readyMs: number;
  /** To the program and all that it started. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
};
export type Start = {
  program: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  limitMs: number;
  signal: AbortSignal;
};

/** Throws with the last words of the program when it ends or the limit passes before it answers. */
export async function startServer(start: Start): Promise<Running> {
  const startedMs = performance.now();
  const group = startGroup(
    start.program,
    start.args,
    { cwd: start.cwd, env: start.env, stdio: ['ignore', 'pipe', 'pipe'] },
    2 ** 31 - 1,
  );
  let ended = false;
  const end = group.ended.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  const words = listen(group);
  const stop = async () => {
    group.signal('SIGTERM');
    await Promise.race([end, delay(STOP_LIMIT_MS, undefined, { ref: false })]);
    group.signal('SIGKILL');
    await end;
  };
  try {
    for (;;) {
      const origin = ADDRESS.exec(words.out())?.[0];
      if (origin !== undefined && (await isHealthy(origin)))
        return { origin, readyMs: performance.now() - startedMs, signal: group.signal, stop };
      if (ended) throw new Error(`it ended before it listened: ${words.last()}`);
      if (performance.now() - startedMs > start.limitMs) throw new Error(`it did not listen in time: ${words.last()}`);
      await delay(10, undefined, { signal: start.signal });
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

function listen(group: Group) {
  let out = '';
  let all = '';
  group.child.stdout?.on('data', (chunk: Buffer) => {
    if (!ADDRESS.test(out)) out = (out + chunk.toString()).slice(-KEPT_OUTPUT);
  });
  for (const stream of [group.child.stdout, group.child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      all = (all + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  }
  return { out: () => out, last: () => all.trim().split('\n').slice(-3).join(' / ') || 'it said nothing' };
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/api/v1/health`, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    // Not listening yet.
    return false;
  }
}
