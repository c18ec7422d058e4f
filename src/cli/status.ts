/** `jetmon2 status`: how the running server fares, on one page. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { serverOfFolder } from '../app/find-server.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { askStatus, noServerRuns } from './running-server.ts';
import { statusPage } from './status-page.ts';

type Options = { json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
Exit codes: 0 all is well, 1 something is wrong with the monitor itself, 2 no server runs, or it does not answer.

Examples:
  $ jetmon2 status
  $ jetmon2 status --json
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const server = await serverOfFolder(config);
  if (server === null) {
    throw noServerRuns(config, 'start one with `jetmon2 serve`, or name its folder with JETMON_DATA_DIR');
  }
  const status = await askStatus(server, {
    says: 'is starting and says no address yet',
    fix: 'ask again in a moment; its log says what it waits for',
  });
  if (!status.ok) terminal.setExitCode(1);
  terminal.out.write(options.json ? jsonLine(status) : statusPage(status, Date.now()));
}
