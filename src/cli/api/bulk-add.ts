/** `jetmon2 api sites bulk-add`: many sites of one batch, from a list of URLs. */
import { type Command, Option } from 'commander';
import { AppError } from '../../domain/errors.ts';
import { escapeControl } from '../../lib/escape.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Terminal } from '../command.ts';
import { renderTable } from '../table.ts';
import { type Added, addSites, planSites } from './add-sites.ts';
import { type BatchOptions, firstIdOf, labelIn, requireBatch } from './batch.ts';
import { fixtureUrls, SOURCES, type Source, textOfFile, textOfInput, urlsIn } from './bulk-sources.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { addFixtureOptions, chooseFixture, type FixtureOptions } from './fixture.ts';
import { countIn, idsFrom, MOST_SITES, siteIdIn } from './numbers-in.ts';
import { documentText, formIn } from './show-reply.ts';
import { cleanupCommand } from './undo.ts';

type Options = ConnectionOptions &
  Pick<BatchOptions, 'batch'> &
  FixtureOptions & {
    count?: string;
    source?: Source;
    file?: string;
    blogIdStart?: string;
    dryRun?: boolean;
    idempotencyKeyPrefix?: string;
    monitorActive: string;
  };

const DEFAULT_BATCH = 'bulk-add';
const DEFAULT_FIRST_ID = 900_000_000n;

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--count <n>', `how many sites, up to ${MOST_SITES}; the list is gone through again where it is shorter`)
    .option('--batch <label>', `mark of the sites; ${DEFAULT_BATCH} unless said otherwise`)
    .addOption(
      new Option('--source <source>', 'where the URLs come from; fixture unless a file is named').choices(SOURCES),
    )
    .option('--file <path>', 'a file of URLs: JSON, CSV with url or monitor_url in its first line, or one a line')
    .option('--blog-id-start <id>', `id of the first; else it follows from --batch, or is ${DEFAULT_FIRST_ID} without`)
    .option('--dry-run', 'say what would be added, and add nothing')
    .option('--idempotency-key-prefix <text>', 'how the idempotency keys of the requests begin')
    .addOption(
      new Option('--monitor-active [true|false]', 'whether they are checked at once')
        .choices(['true', 'false'])
        .preset('true')
        .default('true'),
    );
  addConnectionOptions(addFixtureOptions(command))
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
All that are missing are created at once, or none. Sites of the batch that were removed are taken back one after the other;
the first that fails ends it. Run it again for the rest: what is there already is left as it is.
fixture: ten pages of the test site, \`jetmon2 testsite\`, or of public hosts where that does not answer.

Exit codes: 0 all are there, 1 some are not, 2 wrong usage.

Examples:
  $ jetmon2 api sites bulk-add --dry-run
  $ jetmon2 api sites bulk-add --batch staging --file urls.csv
  $ cat urls.txt | jetmon2 api sites bulk-add --batch staging --source stdin --count 50
  $ jetmon2 api sites cleanup --batch staging
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const source = sourceIn(options);
  const batch = labelIn(options.batch ?? DEFAULT_BATCH);
  const count = options.count === undefined ? null : countIn(options.count);
  const firstId = firstIdIn(options);
  await withApi(terminal, options, async (api) => {
    requireMayChange(api, options);
    requireBatch(api, options);
    const urls = await urlsOf(source, options, api, terminal);
    const ids = idsFrom(firstId, count ?? Math.min(urls.length, MOST_SITES));
    const sites = ids.map((siteId, index) => ({ siteId, url: urls[index % urls.length] ?? '' }));
    const planned = await planSites(api.client, sites, batch);
    const keyPrefix = options.idempotencyKeyPrefix ?? `bulk-${Buffer.from(systemRandom.bytes(8)).toString('hex')}`;
    const isActive = options.monitorActive === 'true';
    const added = options.dryRun ? planned : await addSites(api.client, planned, { batch, isActive, keyPrefix });
    if (count === null && urls.length > MOST_SITES) {
      api.say(`The list holds ${urls.length} URLs; the first ${MOST_SITES} are taken.`);
    }
    tell(added, { batch, options, api, terminal });
  });
}

/** Throws `invalid_arguments`. */
function sourceIn({ source, file, tokenFile }: Options): Source {
  const chosen = source ?? (file === undefined ? 'fixture' : 'file');
  if ((chosen === 'file') !== (file !== undefined)) {
    throw new AppError('invalid_arguments', `--source ${chosen} and --file do not go together`, {
      fix: chosen === 'file' ? 'name the file with --file' : 'leave out --file, or give --source file',
    });
  }
  if (chosen === 'stdin' && tokenFile === '-') {
    throw new AppError('invalid_arguments', 'standard input cannot be key and list at once', {
      fix: 'put one of them into a file',
    });
  }
  return chosen;
}

function firstIdIn({ blogIdStart, batch }: Options): bigint {
  if (blogIdStart !== undefined) return siteIdIn('--blog-id-start', blogIdStart);
  return batch === undefined ? DEFAULT_FIRST_ID : BigInt(firstIdOf(batch));
}

async function urlsOf(source: Source, options: Options, api: Api, terminal: Terminal): Promise<string[]> {
  if (source === 'fixture') return fixtureUrls(await chooseFixture(options, api, terminal));
  if (source === 'stdin') return urlsIn(await textOfInput(terminal.stdin), 'standard input');
  const file = options.file ?? '';
  return urlsIn(textOfFile(file), file);
}

type Around = { batch: string; options: Options; api: Api; terminal: Terminal };

function tell(added: readonly Added[], { batch, options, api, terminal }: Around): void {
  const isDryRun = options.dryRun === true;
  const failed = added.find(({ status }) => status === 'failed');
  const isOk = added.every(({ status }) => status !== 'failed' && status !== 'not_done');
  if (!isOk) terminal.setExitCode(1);
  const done = added.filter(({ status }) => status === 'created' || status === 'taken_back').length;
  const undo = isDryRun ? null : cleanupCommand(batch, options);
  if (api.output === 'json') {
    const sites = added.map(({ siteId, url, ...rest }) => ({ site_id: siteId, monitor_url: url, ...rest }));
    const document = { ok: isOk, batch, dry_run: isDryRun, sites, done, undo };
    terminal.out.write(documentText(document, formIn(api.output, options)));
    return;
  }
  const rows = added.map(({ siteId, status, url }) => [String(siteId), status, escapeControl(url)]);
  terminal.out.write(renderTable(['SITE', 'STATUS', 'URL'], rows));
  if (failed?.error !== undefined) {
    const { message, fix } = failed.error;
    terminal.err.write(`error: site ${failed.siteId}: ${escapeControl(`${message}${fix ? `. Fix: ${fix}` : ''}`)}\n`);
  }
  terminal.out.write(isDryRun ? 'nothing was changed\n' : `${done} of ${added.length} added; to undo it: ${undo}\n`);
}
