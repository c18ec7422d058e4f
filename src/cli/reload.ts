/** `jetmon2 reload`: has the running server read its configuration again, and says what came of it. */
import type { Command } from 'commander';
import { type Config, loadConfig, loadConfigWithoutFile } from '../app/config.ts';
import { type FoundServer, isRunning, sendSignal, serverToSignal } from '../app/find-server.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { askStatus, noServerRuns, type ServerStatus } from './running-server.ts';

type Options = { json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
The same as SIGHUP. A configuration that is not usable changes nothing. The environment of a process cannot change, so
what is read again is the file.
Exit codes: 0 taken, 1 refused, 2 no server, or it does not answer.

Example:
  $ jetmon2 reload
`;

/** Longest wait for the server to say what it made of it. */
const WAIT_MS = 10_000;
const ASK_EVERY_MS = 100;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const { config, error } = configToFind(terminal);
  const server = await serverToSignal(config);
  if (server === null) {
    throw error ?? noServerRuns(config, 'start one with `jetmon2 serve`; it reads the configuration then');
  }
  const told = await reloaded(server);
  if (told.error !== null) terminal.setExitCode(1);
  terminal.out.write(options.json ? jsonLine({ taken: told.error === null, ...told }) : `${wordsFor(told)}\n`);
}

/** A file that is not usable must not keep us from asking the server what it makes of it. */
function configToFind({ env }: Terminal): { config: Config; error: AppError | null } {
  try {
    return { config: loadConfig(env).config, error: null };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_config') throw error;
    return { config: loadConfigWithoutFile(env).config, error };
  }
}

async function reloaded(server: FoundServer): Promise<ServerStatus['config']> {
  const { pid } = server;
  const noAddress = {
    says: 'says no address, so it cannot be asked what it took',
    fix: `use "kill -HUP ${pid}" and read its log`,
  };
  const before = (await askStatus(server, noAddress)).config.reloads;
  sendSignal(pid, 'SIGHUP');
  const giveUpAtMs = systemClock.monotonicMs() + WAIT_MS;
  while (systemClock.monotonicMs() < giveUpAtMs) {
    const { config } = await askStatus(server, noAddress);
    if (config.reloads > before) return config;
    if (!isRunning(pid)) break;
    await new Promise<void>((wake) => systemClock.after(ASK_EVERY_MS, wake));
  }
  throw new AppError('server_unreachable', `process ${pid} did not say what it made of the configuration`, {
    fix: 'see its log',
  });
}

function wordsFor({ error, changed, restart_needed: waiting, file }: ServerStatus['config']): string {
  if (error !== null) return `refused, and nothing was changed: ${escapeControl(error)}`;
  const from = file === null ? 'there is no configuration file' : `${escapeControl(file)} was read`;
  const took = changed.length === 0 ? 'nothing changed' : `in effect now: ${changed.join(', ')}`;
  return `${from}; ${took}${waiting.length === 0 ? '' : `; after a restart: ${waiting.join(', ')}`}`;
}
