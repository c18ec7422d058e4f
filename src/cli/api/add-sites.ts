/** Adds the sites of a batch: first all is looked at, then what is missing is created at once, then removed ones are taken back. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import { bulkCreateSites } from '../../contracts/bulk.ts';
import type { UpdateSite } from '../../contracts/sites.ts';
import { AppError } from '../../domain/errors.ts';
import { MARKER } from './batch.ts';
import { PLAIN_SETTINGS } from './failure-modes.ts';
import { findSite } from './marked-sites.ts';
import { requireTouchable } from './prepare-site.ts';

export type NewSite = { siteId: bigint; url: string };

export type AddStatus =
  | 'would_create'
  | 'would_take_back'
  | 'created'
  | 'taken_back'
  | 'exists'
  | 'failed'
  /** Not tried, because another one failed. */
  | 'not_done';

export type Added = NewSite & { status: AddStatus; error?: { code: string; message: string; fix?: string } };

type Planned = NewSite & { status: 'would_create' | 'would_take_back' | 'exists' };

/** Sites looked at at a time. */
const AT_A_TIME = 8;

/** What is to be done for each. Throws AppError where an id is taken by what is not of the batch, and ApiError. */
export async function planSites(client: Client, sites: readonly NewSite[], batch: string): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (let at = 0; at < sites.length; at += AT_A_TIME) {
    const some = sites.slice(at, at + AT_A_TIME).map((site) => planSite(client, site, batch));
    planned.push(...(await Promise.all(some)));
  }
  return planned;
}

async function planSite(client: Client, wanted: NewSite, batch: string): Promise<Planned> {
  const found = await findSite(client, wanted.siteId);
  if (found === null) return { ...wanted, status: 'would_create' };
  requireTouchable(found, { batch, allowUnmarked: false });
  const { removed_at, monitor_url } = found.site;
  if (removed_at !== null) return { ...wanted, status: 'would_take_back' };
  if (monitor_url === wanted.url) return { ...wanted, status: 'exists' };
  throw new AppError('site_exists', `site ${wanted.siteId} of the batch watches ${monitor_url}, not ${wanted.url}`, {
    fix: 'begin with another id (--blog-id-start), or clean the batch up first',
    details: { site_id: wanted.siteId },
  });
}

export type AddOptions = { batch: string; isActive: boolean; keyPrefix: string };

/** Stops at the first that fails; what was done before stays done, and is told. Throws ApiError where nothing was done. */
export async function addSites(client: Client, planned: readonly Planned[], options: AddOptions): Promise<Added[]> {
  const missing = planned.filter(({ status }) => status === 'would_create');
  const outcomes = new Map<bigint, Pick<Added, 'status' | 'error'>>();
  for (const one of await createAll(client, missing, options)) outcomes.set(one.siteId, one);
  let isOver = [...outcomes.values()].some(({ status }) => status === 'failed');
  for (const site of planned.filter(({ status }) => status === 'would_take_back')) {
    if (isOver) break;
    const outcome = await takeBack(client, site, options);
    outcomes.set(site.siteId, outcome);
    isOver = outcome.status === 'failed';
  }
  return planned.map((site) => {
    const { siteId, url } = site;
    const outcome = outcomes.get(siteId) ?? { status: site.status === 'exists' ? 'exists' : ('not_done' as const) };
    return { siteId, url, ...outcome };
  });
}

/** All or none of them, in one request. */
async function createAll(
  client: Client,
  missing: readonly Planned[],
  { batch, isActive, keyPrefix }: AddOptions,
): Promise<Added[]> {
  if (missing.length === 0) return [];
  const sites = missing.map(({ siteId, url }) => ({
    blog_id: siteId,
    monitor_url: url,
    monitor_active: isActive,
    custom_headers: { [MARKER]: batch },
  }));
  const body = { sites, atomic: true };
  const { results } = await client.call(bulkCreateSites, { body, idempotencyKey: `${keyPrefix}-create` });
  return missing.map(({ siteId, url }, index) => {
    const { status = 'skipped', error } = results[index] ?? {};
    if (status === 'created' || status === 'exists') return { siteId, url, status };
    if (status !== 'refused' || error === undefined) return { siteId, url, status: 'not_done' };
    return { siteId, url, status: 'failed', error: errorOf(error) };
  });
}

async function takeBack(
  client: Client,
  { siteId, url }: NewSite,
  { batch, isActive }: AddOptions,
): Promise<Pick<Added, 'status' | 'error'>> {
  const changes: UpdateSite = { ...PLAIN_SETTINGS, monitor_url: url, custom_headers: { [MARKER]: batch } };
  try {
    await client.sites.update(siteId, { ...changes, monitor_active: true });
    if (!isActive) await client.sites.pause(siteId);
    return { status: 'taken_back' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { status: 'failed', error: errorOf(error) };
  }
}

function errorOf({ code, message, fix }: { code: string; message: string; fix?: string | null | undefined }) {
  return { code, message, ...(fix === null || fix === undefined ? {} : { fix }) };
}
