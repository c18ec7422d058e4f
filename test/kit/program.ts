/** The program as people run it: `bin/jetmon2` under the pinned Node, in a folder of its own, ended by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { type Client, createClient } from '../../src/client/client.ts';
import { eventually } from './eventually.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'jetmon2');

export type Finished = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string };

export type RunOptions = {
  /** Folder the program is started in; its data folder is `data` in there. */
  folder: string;
  env?: Record<string, string>;
  /** Text for its standard input. */
  input?: string;
  /** What runs the launcher: another Node, and words before the launcher's own. */
  node?: readonly [program: string, ...args: string[]];
  uid?: number;
  /** Where its standard output and error go instead of to the test: descriptors of open files. */
  outTo?: number;
  errTo?: number;
};

/** A place to run in: a folder, with the data folder of the program below it. */
export type Place = { folder: string; dataDir: string; remove(): void };

export function createPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-e2e-'));
  return {
    folder,
    dataDir: join(folder, 'data'),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A place that is gone when the test is. */
export function temporaryPlace(): Place {
  const place = createPlace();
  onTestFinished(place.remove);
  return place;
}

/** Runs a command to its end. One that does not end by itself is killed after a minute. */
export async function run(args: readonly string[], options: RunOptions): Promise<Finished> {
  const { child, finished } = launch(args, options);
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
  try {
    return await finished;
  } finally {
    clearTimeout(limit);
  }
}

export type Server = {
  address: string;
  /** The process that serves, which a launcher under an old Node is not. */
  pid: number;
  /** The process that was started. */
  launcherPid: number;
  folder: string;
  dataDir: string;
  token: string;
  client: Client;
  /** What it has written to standard error so far. */
  log(): string;
  /** Stops reading what it writes, as a log collector does that ended. */
  hangUp(): void;
  /** Signals the process that serves and waits for the end of the one that was started. */
  end(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Finished>;
  finished: Promise<Finished>;
};

/** `serve`, ready for requests. Whoever starts it ends it. */
export async function startServer(options: RunOptions & { args?: readonly string[] }): Promise<Server> {
  const { child, finished, said } = launch(['serve', '--json', ...(options.args ?? [])], options);
  let over = false;
  void finished.then(() => {
    over = true;
  });
  try {
    const line = await eventually('the server says where it listens', () => {
      if (over) throw new Error(`the server ended before it listened: ${said.err}`);
      return said.out.includes('\n') ? said.out : null;
    });
    const { address, pid, data_dir } = JSON.parse(line) as { address: string; pid: number; data_dir: string };
    const token = readFileSync(join(data_dir, 'local.key'), 'utf8').trim();
    return {
      address,
      pid,
      launcherPid: child.pid ?? 0,
      folder: options.folder,
      dataDir: data_dir,
      token,
      client: createClient({ baseUrl: address, token }),
      log: () => said.err,
      hangUp() {
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
      end(signal = 'SIGTERM') {
        if (!over && isAlive(pid)) process.kill(pid, signal);
        return finished;
      },
      finished,
    };
  } catch (error) {
    child.kill('SIGKILL');
    await finished;
    throw error;
  }
}

export type Started = {
  /** What it printed when it had started. */
  document: Record<string, unknown>;
  log(): string;
  /** Leaves unread what it writes to standard error from now on, as a log collector does that hangs. */
  stopReading(): void;
  signal(name: NodeJS.Signals): void;
  /** Signals it and waits for its end. What it wrote before nobody read is read then. */
  end(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Finished>;
};

/** A command that goes on running and prints one JSON document when it is ready; ended, if it still runs, with the test. */
export async function startForTest(args: readonly string[], options: RunOptions): Promise<Started> {
  const { child, finished, said } = launch(args, options);
  const end = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return finished;
  };
  onTestFinished(async () => void (await end('SIGKILL')));
  let isOver = false;
  void finished.then(() => {
    isOver = true;
  });
  const line = await eventually('the program says that it has started', () => {
    if (isOver) throw new Error(`the program ended before it had started: ${said.err}`);
    return said.out.includes('\n') ? said.out : null;
  });
  return {
    document: JSON.parse(line) as Record<string, unknown>,
    log: () => said.err,
    stopReading() {
      child.stderr?.pause();
      // What is left in the pipe would keep it from being closed.
      child.once('exit', () => child.stderr?.resume());
    },
    signal: (name) => void child.kill(name),
    end,
  };
}

/** A command that takes its time, to be signalled while it runs; ended, if it still runs, with the test. */
export function startProgram(args: readonly string[], options: RunOptions) {
  const { child, finished } = launch(args, options);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await finished;
  });
  return { signal: (name: NodeJS.Signals) => void child.kill(name), finished };
}

/** A server that is ended, if it still runs, when the test is. */
export async function serverForTest(options: Parameters<typeof startServer>[0]): Promise<Server> {
  const server = await startServer(options);
  onTestFinished(async () => void (await server.end('SIGKILL')));
  return server;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Rows of the program's own database, read beside it. Whole numbers come as `number`. */
export function rowsOf(dataDir: string, sql: string, ...values: number[]): Record<string, unknown>[] {
  const file = new DatabaseSync(join(dataDir, 'jetmon.db'), { readOnly: true, timeout: 5_000 });
  try {
    return file.prepare(sql).all(...values);
  } finally {
    file.close();
  }
}

function launch(args: readonly string[], options: RunOptions) {
  const [program, ...before] = options.node ?? [process.execPath];
  const child: ChildProcess = spawn(program, [...before, LAUNCHER, ...args], {
    cwd: options.folder,
    env: environment(options),
    stdio: ['pipe', options.outTo ?? 'pipe', options.errTo ?? 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  const said = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  // A command that does not read its input may be gone before it is written.
  child.stdin?.on('error', () => {}).end(options.input ?? '');
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
  return { child, finished, said };
}

/** Nothing of the tester's environment but what any program needs; settings for a lab on loopback. */
function environment({ folder, env }: RunOptions): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    JETMON_DATA_DIR: join(folder, 'data'),
    HTTP_PORT: '0',
    EGRESS_ALLOW: '127.0.0.0/8',
    MIN_CHECK_INTERVAL_SECONDS: '1',
    ...env,
  };
}
