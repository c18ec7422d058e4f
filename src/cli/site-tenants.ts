/** `jetmon2 site-tenants`: who may see which site, brought in from a list. Writes the database, also beside a running server. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { importTenants } from '../app/import-tenants.ts';
import { AppError } from '../domain/errors.ts';
import { escapeControl } from '../lib/escape.ts';
import { type ReadSiteTenants, readSiteTenants } from '../store/import-site-tenants.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';

type Options = { file: string; source: string; dryRun?: boolean; json?: boolean };

const MAX_BYTES = 64 * 1024 * 1024;

export function define(command: Command, terminal: Terminal): void {
  command.addHelpText('after', HELP);
  command
    .command('import')
    .summary('let tenants see the sites that a CSV file names')
    .requiredOption('--file <path>', 'the file, or - for standard input')
    .option('--source <word>', 'where the list comes from; kept with each row', 'gateway')
    .option('--dry-run', 'say what it would do, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', IMPORT_HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
Example:
  $ jetmon2 site-tenants import --file tenants.csv --dry-run
`;

const IMPORT_HELP = `
The file has two columns, tenant_id and blog_id, with or without their names at its head. Pairs are added or refreshed and
never taken away. A line that is wrong is named, and then nothing at all is brought in.

Examples:
  $ jetmon2 site-tenants import --file tenants.csv --dry-run
  $ printf 'acme,3\\nacme,4\\n' | jetmon2 site-tenants import --file - --source billing
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const { file, dryRun = false } = options;
  const source = sourceIn(options.source);
  const read = readSiteTenants(await textOf(file, terminal));
  if (read.problems.length > 0) throw refusal(file, read);
  const { config } = loadConfig(terminal.env);
  const { created, refreshed } = await importTenants(config, read.pairs, { source, dryRun });
  const { duplicates } = read;
  if (options.json) {
    terminal.out.write(jsonLine({ created, refreshed, duplicates, source, dry_run: dryRun }));
    return;
  }
  const done = dryRun ? 'would be' : 'were';
  terminal.out.write(
    `${created} pairs ${done} added, ${refreshed} refreshed; ${duplicates} lines said the same again\n`,
  );
}

function refusal(file: string, { problems, more }: ReadSiteTenants): AppError {
  const named = problems.map(({ line, cause }) => `line ${line}: ${cause}`).join('; ');
  const others = more > 0 ? `; and ${more} more` : '';
  return new AppError('invalid_arguments', `${nameOf(file)} was not brought in: ${named}${others}`, {
    fix: 'mend these lines; nothing was changed',
    details: { lines: problems, more },
  });
}

/** Throws `invalid_arguments`. Here and below. */
function sourceIn(text: string): string {
  if (/^[\x21-\x7e]{1,64}$/.test(text)) return text;
  throw new AppError('invalid_arguments', '--source is not one word of at most 64 characters', {
    fix: 'name where the list comes from, such as `gateway`',
  });
}

async function textOf(file: string, terminal: Terminal): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of file === '-' ? terminal.stdin : createReadStream(file)) {
      const chunk = typeof part === 'string' ? Buffer.from(part) : part;
      bytes += chunk.length;
      if (bytes > MAX_BYTES) break;
      parts.push(chunk);
    }
  } catch (cause) {
    throw new AppError(
      'invalid_arguments',
      `${nameOf(file)} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      { fix: 'name a file that is there, or - for standard input', cause },
    );
  }
  if (bytes <= MAX_BYTES) return Buffer.concat(parts).toString('utf8');
  throw new AppError('invalid_arguments', `${nameOf(file)} is larger than 64 MiB`, { fix: 'split it' });
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : escapeControl(file);
}
