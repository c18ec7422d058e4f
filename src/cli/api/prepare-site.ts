/** Sees to it that a site of a batch watches a URL: creates it, takes it back, or changes it. Nothing else is touched. */
import type { CallOnce, Client } from '../../client/client.ts';
import { listSiteEvents } from '../../contracts/events.ts';
import type { Site, SiteSettings, UpdateSite } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { AppError } from '../../domain/errors.ts';
import { MARKER } from './batch.ts';
import { findSite, type MarkedSite } from './marked-sites.ts';

export type WantedSite = {
  siteId: Id;
  url: string;
  /** Header fields are those of the batch. */
  settings: Omit<SiteSettings, 'custom_headers'>;
  batch: string;
  mayCreate: boolean;
  /** A site of no batch may be changed, too. One of another batch never is. */
  allowUnmarked: boolean;
  /** What is open on a site that watches this URL already is closed first: what opens then is of now. */
  beginsAnew: boolean;
};

export type Prepared = {
  outcome: 'created' | 'taken_back' | 'changed';
  /** What watches the URL now; null: nothing does. */
  endpointId: Id | null;
  /** As the server writes it. */
  url: string;
  /** What opened before the change has this id or a smaller one. */
  newestEventBefore: bigint;
  /** What a site of no batch was like: no command puts it back. */
  before: Pick<Site, 'monitor_url' | 'monitor_active' | keyof Omit<SiteSettings, 'custom_headers'>> | null;
};

/** Throws AppError for a site that must not be touched or is not there, and ApiError. */
export async function prepareSite(client: Client, wanted: WantedSite, once: CallOnce): Promise<Prepared> {
  const { siteId, url, settings, batch } = wanted;
  const found = await findSite(client, siteId);
  const marked = { ...settings, custom_headers: { [MARKER]: batch } };
  if (found === null) {
    if (!wanted.mayCreate) throw noSuchSite(siteId);
    const created = await client.sites.create({ blog_id: siteId, monitor_url: url, ...marked }, once);
    return { outcome: 'created', ...watchingOf(created), newestEventBefore: 0n, before: null };
  }
  requireTouchable(found, wanted);
  const isMarked = found.batch !== null;
  const isOpen = found.site.active_event_id !== null && isSameUrl(found.site.monitor_url, url);
  if (wanted.beginsAnew && isOpen) await client.sites.update(siteId, { monitor_active: false });
  const newestEventBefore = await newestEventOf(client, siteId);
  const changes: UpdateSite = { monitor_url: url, monitor_active: true, ...(isMarked ? marked : settings) };
  const changed = await client.sites.update(siteId, changes);
  return {
    outcome: found.site.removed_at === null ? 'changed' : 'taken_back',
    ...watchingOf(changed),
    newestEventBefore,
    before: isMarked ? null : beforeOf(found.site, settings),
  };
}

function watchingOf({ endpoints, monitor_url }: Site): Pick<Prepared, 'endpointId' | 'url'> {
  return { endpointId: endpoints[0]?.endpoint_id ?? null, url: monitor_url };
}

function isSameUrl(a: string, b: string): boolean {
  return URL.parse(a)?.href === URL.parse(b)?.href;
}

/** Ids of events grow. */
async function newestEventOf(client: Client, siteId: Id): Promise<bigint> {
  const { data } = await client.call(listSiteEvents, { params: { site_id: siteId }, query: { limit: 1 } });
  return BigInt(data[0]?.id ?? 0);
}

/** Throws AppError. */
export function requireTouchable(
  { site, batch: its }: MarkedSite,
  { batch, allowUnmarked }: Pick<WantedSite, 'batch' | 'allowUnmarked'>,
): void {
  const details = { site_id: site.id };
  if (its === null && !allowUnmarked) {
    throw new AppError('site_exists', `site ${site.id} was not added by a command like this, so it is left alone`, {
      fix: 'choose other ids with --batch or --blog-id-start; on this machine --allow-unmarked overrides that',
      details,
    });
  }
  if (its !== null && its !== batch) {
    throw new AppError('site_exists', `site ${site.id} is of the batch "${its}", not of "${batch}"`, {
      fix: `name that batch, as in --batch ${its}`,
      details,
    });
  }
  if (site.endpoint_count > 1) {
    throw new AppError('site_exists', `site ${site.id} watches ${site.endpoint_count} URLs, so it is left alone`, {
      fix: 'name a site with one URL: what is changed here would change all of them',
      details,
    });
  }
}

function noSuchSite(siteId: Id): AppError {
  return new AppError('site_not_found', `there is no site ${siteId}`, {
    fix: 'add --create-missing to have it created',
  });
}

function beforeOf(site: Site, settings: WantedSite['settings']): Prepared['before'] {
  const names = Object.keys(settings) as (keyof WantedSite['settings'])[];
  const kept = Object.fromEntries(names.map((name) => [name, site[name]]));
  return { monitor_url: site.monitor_url, monitor_active: site.monitor_active, ...kept } as Prepared['before'];
}
