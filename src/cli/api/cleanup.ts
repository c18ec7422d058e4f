/** `jetmon2 api sites cleanup`: removes what commands like these added, and nothing that does not carry their mark. */
import type { Command } from 'commander';
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import type { Id } from '../../contracts/values.ts';
import { AppError } from '../../domain/errors.ts';
import { escapeControl } from '../../lib/escape.ts';
import type { Terminal } from '../command.ts';
import { renderTable } from '../table.ts';
import { type BatchOptions, labelIn, requireBatch } from './batch.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { findBatch, findSite } from './marked-sites.ts';
import { collect, countIn, idsFrom, MOST_SITES, siteIdIn, siteIdsIn } from './numbers-in.ts';
import { documentText, formIn } from './show-reply.ts';

type Options = ConnectionOptions &
  BatchOptions & {
    siteId?: string[];
    blogIdStart?: string;
    count?: string;
    dryRun?: boolean;
    ignoreNotFound: boolean;
  };

type Status = 'would_delete' | 'deleted' | 'not_found' | 'skipped_unmatched_batch' | 'failed';

type Cleaned = { siteId: Id; url: string | null; status: Status; why: string | null };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--batch <label>', 'remove sites of this batch: all there are, or those that are named')
    .option('--site-id <id>', 'remove this site; may be repeated', collect)
    .option('--blog-id-start <id>', 'remove the sites from this id on, as many as --count says')
    .option('--count <n>', `how many at most, up to ${MOST_SITES}`)
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .option('--no-ignore-not-found', 'take it for a failure where a site is not there', true)
    .option('--allow-unmarked', 'remove also sites of no batch that are named, on this machine');
  addConnectionOptions(command)
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
A site carries the label of its batch in a header field; one without it, or with another, is never touched. The history of
what is removed is kept.

Exit codes: 0 nothing is left of what was named, 1 something is, 2 wrong usage.

Examples:
  $ jetmon2 api sites cleanup --batch simulate-failure
  $ jetmon2 api sites cleanup --batch staging --dry-run
  $ jetmon2 api sites cleanup --batch staging --site-id 910045000
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const batch = options.batch === undefined ? null : labelIn(options.batch);
  const count = options.count === undefined ? MOST_SITES : countIn(options.count);
  const named = namedIds(options, count);
  if (named === null && batch === null) {
    throw new AppError('invalid_arguments', 'nothing says which sites are to be removed', {
      fix: 'name a batch, as in --batch simulate-failure, or sites with --site-id',
    });
  }
  await withApi(terminal, options, async (api) => {
    requireMayChange(api, options);
    requireBatch(api, options);
    const { client } = api;
    const ids = named ?? (await findBatch(client, batch ?? '', count)).map(({ id }) => id);
    const cleaned: Cleaned[] = [];
    for (const siteId of ids) cleaned.push(await cleanUp(client, siteId, batch, options));
    const isMore = named === null && options.dryRun !== true && ids.length === count;
    if (isMore && (await findBatch(client, batch ?? '', 1)).length > 0) {
      api.say('There are more sites of this batch: run it again.');
    }
    tell(cleaned, { batch, options, api, terminal });
  });
}

/** null: those of the batch. Throws `invalid_arguments`. */
function namedIds({ siteId, blogIdStart, count: given }: Options, count: number): readonly bigint[] | null {
  if (siteId !== undefined && blogIdStart !== undefined) {
    throw new AppError('invalid_arguments', '--site-id and --blog-id-start exclude each other', { fix: 'keep one' });
  }
  if (siteId !== undefined) return siteIdsIn(siteId);
  if (blogIdStart === undefined) return null;
  if (given !== undefined) return idsFrom(siteIdIn('--blog-id-start', blogIdStart), count);
  throw new AppError('invalid_arguments', '--blog-id-start says where to begin, and nothing how far to go', {
    fix: 'add --count, such as --count 10',
  });
}

async function cleanUp(client: Client, siteId: Id, batch: string | null, options: Options): Promise<Cleaned> {
  let url: string | null = null;
  try {
    const found = await findSite(client, siteId);
    if (found === null) return { siteId, url, status: 'not_found', why: null };
    url = found.site.monitor_url;
    const why = unmatchedWords(found.batch, batch, options);
    if (why !== null) return { siteId, url, status: 'skipped_unmatched_batch', why };
    if (found.site.removed_at !== null) return { siteId, url, status: 'not_found', why: 'it was removed before' };
    if (options.dryRun) return { siteId, url, status: 'would_delete', why: null };
    await client.sites.remove(siteId);
    return { siteId, url, status: 'deleted', why: null };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 0 || error.status === 401) throw error;
    return { siteId, url, status: 'failed', why: error.message };
  }
}

/** Why a site is left alone; null: it may go. Without a batch any mark will do. */
function unmatchedWords(its: string | null, batch: string | null, { allowUnmarked }: BatchOptions): string | null {
  if (its === null) return allowUnmarked === true ? null : 'it is of no batch';
  return batch === null || its === batch ? null : `it is of the batch "${its}"`;
}

type Around = { batch: string | null; options: Options; api: Api; terminal: Terminal };

function tell(cleaned: readonly Cleaned[], { batch, options, api, terminal }: Around): void {
  const { ignoreNotFound, dryRun = false } = options;
  const isFailure = ({ status }: Cleaned) =>
    status === 'failed' || status === 'skipped_unmatched_batch' || (status === 'not_found' && !ignoreNotFound);
  const ok = !cleaned.some(isFailure);
  if (!ok) terminal.setExitCode(1);
  if (api.output === 'json') {
    const sites = cleaned.map(({ siteId, url, status, why }) => ({ site_id: siteId, monitor_url: url, status, why }));
    terminal.out.write(documentText({ ok, batch, dry_run: dryRun, sites }, formIn(api.output, options)));
    return;
  }
  if (cleaned.length === 0) {
    terminal.out.write(`No site of the batch ${batch} is there.\n`);
    return;
  }
  const rows = cleaned.map(({ siteId, url, status, why }) =>
    [String(siteId), status, url ?? '-', why ?? ''].map(escapeControl),
  );
  terminal.out.write(renderTable(['SITE', 'STATUS', 'URL', ''], rows));
  if (dryRun) terminal.out.write('nothing was changed\n');
}
