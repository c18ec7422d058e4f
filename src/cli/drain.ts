/** `jetmon2 drain`: has the running server finish what it is at and end, and waits until it has. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import {
  endedInOrder,
  type FoundServer,
  isRunning,
  sendSignal,
  serverOfFolder,
  serverToSignal,
} from '../app/find-server.ts';
import { createClient } from '../client/client.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { createProgress } from './progress.ts';

type Options = { timeout: string; json?: boolean };
type Outcome = 'nothing_ran' | 'drained' | 'ended' | 'still_running';

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--timeout <span>', 'longest wait; the server goes on ending after it', '40s')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
The same as SIGTERM: no new checks, those under way may finish for a moment, what is dropped is not recorded, decisions
are written.
Exit codes: 0 it ended in order, or none ran; 1 it did not, or still runs; 2 it cannot be told.

Examples:
  $ jetmon2 drain
  $ jetmon2 drain --timeout 2m
`;

const LOOK_EVERY_MS = 100;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const limitMs = limitIn(options.timeout) * 1_000;
  const { config } = loadConfig(terminal.env);
  const server = await serverToSignal(config);
  const startedMs = systemClock.monotonicMs();
  // One that hangs is ended all the same.
  const inFlight = server === null ? null : await soon(inFlightOf(server));
  let outcome: Outcome = 'nothing_ran';
  if (server !== null) {
    const progress = createProgress(terminal, systemClock);
    sendSignal(server.pid, 'SIGTERM');
    const elapsedMs = () => systemClock.monotonicMs() - startedMs;
    const isOver = async () =>
      !isRunning(server.pid) || (server.access !== null && (await ownerOf(config)) !== server.pid);
    outcome = 'still_running';
    while (outcome === 'still_running' && elapsedMs() < limitMs) {
      if (await isOver()) outcome = (await endedInOrder(config, server.pid)) === false ? 'ended' : 'drained';
      else await new Promise<void>((wake) => systemClock.after(LOOK_EVERY_MS, wake));
      progress(() => `process ${server.pid} is finishing, for ${seconds(elapsedMs())} s now`);
    }
  }
  const tookMs = Math.round(systemClock.monotonicMs() - startedMs);
  if (outcome === 'ended' || outcome === 'still_running') terminal.setExitCode(1);
  const facts = { outcome, pid: server?.pid ?? null, in_flight: inFlight, took_ms: tookMs };
  terminal.out.write(options.json ? jsonLine(facts) : `${wordsFor(facts, config.JETMON_DATA_DIR)}\n`);
}

/** What comes within two seconds; null otherwise. */
async function soon<T>(answer: Promise<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = systemClock.after(2_000, () => resolve(null));
  try {
    return await Promise.race([answer, promise]);
  } finally {
    timer.cancel();
  }
}

/** Throws `invalid_arguments`. */
function limitIn(text: string): number {
  const span = parseDuration(text);
  if (span !== null && span > 0) return span;
  throw new AppError('invalid_arguments', `--timeout "${text}" is not a span of time`, {
    fix: 'write it as 40s or 2m',
  });
}

async function ownerOf(config: Parameters<typeof serverOfFolder>[0]): Promise<number | null> {
  return (await serverOfFolder(config, { waitMs: 0 }))?.pid ?? null;
}

/** For the words alone: a server that does not answer can be ended all the same. */
async function inFlightOf({ access }: FoundServer): Promise<number | null> {
  if (access === null) return null;
  try {
    return (await createClient(access).status()).prober.running;
  } catch {
    return null;
  }
}

function wordsFor(
  {
    outcome,
    pid,
    in_flight,
    took_ms,
  }: { outcome: Outcome; pid: number | null; in_flight: number | null; took_ms: number },
  folder: string,
): string {
  switch (outcome) {
    case 'nothing_ran':
      return `no server runs on data folder ${folder}; there is nothing to drain`;
    case 'drained': {
      const had = in_flight === null ? '' : `; ${in_flight} ${in_flight === 1 ? 'check was' : 'checks were'} in flight`;
      return `process ${pid} ended in order after ${seconds(took_ms)} s${had}`;
    }
    case 'ended':
      return `process ${pid} ended after ${seconds(took_ms)} s without finishing; nothing that was acknowledged is lost, see its log`;
    case 'still_running':
      return `process ${pid} still runs after ${seconds(took_ms)} s; it goes on ending, see its log`;
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
