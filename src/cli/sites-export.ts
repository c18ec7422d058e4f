/** `jetmon2 sites export`: what is watched, as `jetmon2 apply` takes it. */
import type { Command } from 'commander';
import { AppError } from '../domain/errors.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Terminal } from './command.ts';
import { exportFile } from './sites-file/export-file.ts';
import { FORMATS, type Format } from './sites-file/write-document.ts';
import { withClient } from './with-client.ts';

export function defineExport(command: Command, terminal: Terminal): void {
  command
    .command('export')
    .summary('print the watched sites as `jetmon2 apply` takes them')
    .option('--format <format>', 'json, yaml or csv', 'json')
    .addHelpText('after', HELP)
    .action((options: { format: string }) => exportSites(formatIn(options.format), terminal));
}

const HELP = `
Sites are ordered by their URLs. Those that are removed are left out. What the file cannot hold is told on standard error:
of header fields only the names are there, for their values are never read, and maintenance that is planned is left out.

Examples:
  $ jetmon2 sites export > sites.json
  $ jetmon2 sites export --format yaml > sites.yaml
  $ jetmon2 sites export --format csv > sites.csv
`;

async function exportSites(format: Format, terminal: Terminal): Promise<void> {
  await withClient(terminal, async (client) => {
    const { text, notes } = await exportFile(client, format);
    terminal.out.write(text);
    for (const note of notes) terminal.err.write(`! ${escapeControl(note)}\n`);
  });
}

/** Throws AppError `invalid_arguments`. */
function formatIn(text: string): Format {
  const format = FORMATS.find((one) => one === text);
  if (format !== undefined) return format;
  throw new AppError('invalid_arguments', `--format "${text}" is not known`, {
    fix: `give one of ${FORMATS.join(', ')}`,
  });
}
