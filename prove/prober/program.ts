/**
 * Starts the programs of a proof as processes of their own, each on a core of its own where there is `taskset`, and
 * bounded in time. A program takes its input as one JSON argument and says what it has to say as lines of JSON.
 */
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Group, startGroup } from '../../scripts/child.ts';
import { findProgram } from '../../test/kit/programs.ts';
import { productEnvironment } from './product.ts';

export type ProgramOptions = {
  /** File name beside this one. */
  file: string;
  input: unknown;
  /** Which of the cores we may use; a client and what it asks must not share one. */
  core: 'first' | 'second' | 'any';
  /** Limit of open descriptors, where the process may set it. */
  descriptors?: number;
  nodeOptions?: readonly string[];
  limitMs: number;
  signal: AbortSignal;
};

export interface Program {
  /** That of the program itself, also where others started it; null when it did not start. */
  pid: number | null;
  /** The next line it says, parsed; rejects when it ends before, with its last words. */
  next(): Promise<unknown>;
  signal(name: NodeJS.Signals): void;
  /** Ends it, and waits for that. */
  stop(): Promise<void>;
  /** Waits until it ends by itself. */
  ended(): Promise<void>;
}

const KEPT_WORDS = 4_000;

export function startProgram(options: ProgramOptions): Program {
  options.signal.throwIfAborted();
  const [command = '', ...args] = commandOf(options);
  const env = { ...productEnvironment(), JETMON_LIFELINE: '1' };
  const group = startGroup(command, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }, options.limitMs);
  const abort = (): void => group.signal('SIGKILL');
  options.signal.addEventListener('abort', abort);
  const end = group.ended.finally(() => options.signal.removeEventListener('abort', abort));
  const lastWords = keepLastWords(group);
  const lines = linesOf(group);

  return {
    pid: group.child.pid ?? null,
    async next() {
      const { done, value } = await lines.next();
      if (done !== true) return JSON.parse(value);
      const { code, signal, timedOut } = await end;
      const how = timedOut ? `was not done in ${options.limitMs / 1_000} s` : `ended with ${signal ?? `code ${code}`}`;
      throw new Error(`${options.file} ${how}: ${lastWords()}`);
    },
    signal: group.signal,
    async stop() {
      group.signal('SIGKILL');
      await end;
    },
    async ended() {
      await end;
    },
  };
}

/** Runs a program to its end; what it said last is the result. */
export async function runProgram<T>(options: ProgramOptions): Promise<T> {
  const program = startProgram(options);
  try {
    const result = (await program.next()) as T;
    await program.ended();
    return result;
  } finally {
    await program.stop();
  }
}

function linesOf({ child }: Group): AsyncIterator<string> {
  if (child.stdout === null) throw new TypeError('the program has no output');
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

function keepLastWords({ child }: Group): () => string {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-KEPT_WORDS);
  });
  return () => {
    const lines = words.trim().split('\n');
    const error = lines.find((line) => /^\w*Error\b/.test(line));
    return error ?? (lines.slice(-3).join(' / ') || 'it said nothing');
  };
}

/** The shell lowers the limit for good, then all of them take each other's place: the process id stays the same. */
function commandOf({ file, input, core, descriptors, nodeOptions = [] }: ProgramOptions): string[] {
  const node = [process.execPath, ...nodeOptions, join(import.meta.dirname, file), JSON.stringify(input)];
  const pinned = [...pinTo(core), ...node];
  if (descriptors === undefined) return pinned;
  return ['/bin/sh', '-c', 'ulimit -n "$1" || true; shift; exec "$@"', 'sh', String(descriptors), ...pinned];
}

function pinTo(core: ProgramOptions['core']): string[] {
  if (core === 'any') return [];
  const taskset = findProgram('taskset', (process.env['PATH'] ?? '').split(delimiter));
  const cores = usableCores();
  const chosen = cores[core === 'first' ? 0 : 1];
  return taskset === null || chosen === undefined || cores.length < 2 ? [] : [taskset, '-c', String(chosen)];
}

/** Whether a client has a core of its own here. */
export function isPinned(): boolean {
  return pinTo('second').length > 0;
}

function usableCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCores(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  } catch {
    // Not Linux.
    return [];
  }
}

/** Reads `0-3,8`. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (from === undefined) return [];
    const first = Number(from);
    return Array.from({ length: Number(to ?? from) - first + 1 }, (_, index) => first + index);
  });
}
