/** Sees to it that a URL is watched, through the API: creates its site, resumes it, or finds that it is watched. */
import { DEFAULT_SETTINGS } from '../contracts/default-settings.ts';
import type { CreateSite, Site, SiteSettings, UpdateSite } from '../contracts/sites.ts';
import type { Id } from '../contracts/values.ts';
import { ApiError } from './api-error.ts';

export type WatchedUrl = { siteId: Id } & (
  | { outcome: 'created'; site: Site }
  | { outcome: 'exists' }
  /** A paused site keeps its interval and settings; a removed one has those that were asked for, and no other. */
  | { outcome: 'resumed'; was: 'paused' | 'removed'; site: Site }
);

export type WantedUrl = { url: string; intervalSeconds: number; settings?: SiteSettings };

type Sites = {
  create(site: CreateSite): Promise<Site>;
  update(siteId: Id, changes: UpdateSite): Promise<Site>;
};

export async function watchUrl(sites: Sites, { url, intervalSeconds, settings }: WantedUrl): Promise<WatchedUrl> {
  const asked = { check_interval_seconds: intervalSeconds, ...settings };
  try {
    const site = await sites.create({ monitor_url: url, ...asked });
    return { siteId: site.id, outcome: 'created', site };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'site_exists') throw error;
    const siteId = error.details['site_id'];
    if (typeof siteId !== 'number' && typeof siteId !== 'bigint') throw error;
    if (error.details['monitor_active'] !== false) return { siteId, outcome: 'exists' };
    const was = error.details['removed'] === true ? 'removed' : 'paused';
    // In one request, so that a removed site is never probed with the secrets it had before.
    const changes = was === 'removed' ? { ...DEFAULT_SETTINGS, ...asked } : {};
    const site = await sites.update(siteId, { monitor_active: true, ...changes });
    return { siteId, outcome: 'resumed', was, site };
  }
}
