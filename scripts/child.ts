/** A child process with its whole group: what it starts ends with it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; timedOut: boolean };

export type Group = {
  child: ChildProcess;
  /** Signals the child and everything it started. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when the child has ended and the rest of its group has been ended too; rejects when it cannot start. */
  ended: Promise<Ended>;
};

/** Starts a program in a process group of its own; after `limitMs` the group is killed. */
export function startGroup(program: string, args: readonly string[], options: SpawnOptions, limitMs: number): Group {
  const child = spawn(program, args, { ...options, detached: true });
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) signalGroup(child.pid, name);
  };
  const ended = new Promise<Ended>((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      signal('SIGKILL');
    }, limitMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, name) => {
      clearTimeout(timer);
      signal('SIGKILL');
      resolve({ code, signal: name, timedOut });
    });
  });
  return { child, signal, ended };
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // Nobody of the group is left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Hands Ctrl-C and friends on to groups that a terminal does not reach by itself. */
export function passSignals(groups: readonly Group[]): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      for (const group of groups) group.signal(name);
    });
  }
}
