/** `jetmon2 apply`: makes the watched sites those of a file, and nothing the second time. */
import type { Command } from 'commander';
import { AppError } from '../domain/errors.ts';
import type { Terminal } from './command.ts';
import { carryOut } from './sites-file/carry-out.ts';
import { readRows } from './sites-file/document.ts';
import { planFile } from './sites-file/plan-file.ts';
import { readEntries } from './sites-file/read-entries.ts';
import { withClient } from './with-client.ts';

type Options = { file: string; dryRun?: boolean; prune?: boolean; rewriteHeaders?: boolean; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .requiredOption('-f, --file <path>', 'the file, as `jetmon2 sites export` writes it: .yaml, .json or .csv')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--prune', 'remove sites that the file does not name')
    .option('--rewrite-headers', 'send `custom_headers` also where a site has fields of the same names')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
Sites are told by their URLs, or by \`blog_id\` where the file has it. A setting that the file does not name has its default;
interval, bucket, maintenance, header fields, checks and rollup rules that it does not name stay as they are. Values of
header fields cannot be read back: they are sent when the names differ. \`more_urls\` share the settings of their site;
\`endpoints\` have some of their own.

Examples:
  $ jetmon2 sites export --format yaml > sites.yaml
  $ jetmon2 apply -f sites.yaml --dry-run
  $ jetmon2 apply -f sites.yaml --prune
`;

async function run(
  { file, prune = false, rewriteHeaders = false, ...options }: Options,
  terminal: Terminal,
): Promise<void> {
  const rows = await readRows(file);
  const entries = readEntries(file, rows);
  if (prune && entries.length === 0) {
    throw new AppError('invalid_arguments', `${file} names no site, and --prune would remove all there are`, {
      fix: 'name at least one, or remove them with `jetmon2 sites remove`',
    });
  }
  await withClient(terminal, async (client, config) => {
    const ownMinSeconds = config.MIN_CHECK_INTERVAL_SECONDS;
    const plan = await planFile(client, entries, { file, ownMinSeconds, prune, rewriteHeaders });
    await carryOut(client, plan, options, terminal);
  });
}
