/** `jetmon2 backup`: one whole file that holds the embedded database as it was at one moment. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { backupDatabase } from '../app/store-tools.ts';
import { systemClock } from '../lib/clock.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { createProgress } from './progress.ts';

type Options = { force?: boolean; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'where to; its folder must exist')
    .option('--force', 'replace a file of that name')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => run(file, options, terminal));
}

const HELP = `
The server may run meanwhile. The copy is read through before it gets its name; docs/operations.md tells how to restore it.

Examples:
  $ jetmon2 backup /var/backups/jetmon-monday.db
  $ jetmon2 backup --force latest.db
`;

async function run(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const startedAtMs = systemClock.monotonicMs();
  const progress = createProgress(terminal, systemClock);
  const { target, bytes } = await backupDatabase(config, {
    target: file,
    force: options.force === true,
    onProgress: (share) => progress(() => `${Math.floor(share * 100)} % copied`),
  });
  const durationMs = Math.round(systemClock.monotonicMs() - startedAtMs);
  terminal.out.write(
    options.json
      ? jsonLine({ file: target, bytes, duration_ms: durationMs })
      : `${escapeControl(target)} holds the database: ${bytes} bytes, copied and checked in ${durationMs} ms\n`,
  );
}
