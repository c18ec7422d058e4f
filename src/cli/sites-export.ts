/** `jetmon2 sites export`: what is watched, as `jetmon2 apply` takes it. */
import type { Command } from 'commander';
import { AppError } from '../domain/errors.ts';
import type { Terminal } from './command.ts';
import { type Entry, entryOf } from './sites-file/entry.ts';
import { FORMATS, type Format, writeDocument } from './sites-file/write-document.ts';
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
Removed sites are left out. Of header fields only the names are there: their values are never read.

Examples:
  $ jetmon2 sites export > sites.json
  $ jetmon2 sites export --format yaml > sites.yaml
  $ jetmon2 sites export --format csv > sites.csv
`;

async function exportSites(format: Format, terminal: Terminal): Promise<void> {
  await withClient(terminal, async (client) => {
    const entries: Entry[] = [];
    for await (const site of client.sites.list({ removed: 'false', limit: 200 })) entries.push(entryOf(site));
    terminal.out.write(writeDocument(entries, format));
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
