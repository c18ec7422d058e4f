/** Sees to it that a URL is watched: creates its site, takes a removed one back, or finds that nothing is to be done. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import { NO_OVERRIDES } from '../domain/probe-plan.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { createSite } from './create-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { updateSite } from './update-site.ts';

export type WatchedUrl = {
  siteId: SiteId;
} /** A paused site stays paused: whoever paused it did so after this was first asked for. */ & (
  | { outcome: 'created' | 'exists' | 'paused' }
  /** With the interval that was asked for now, and none of the settings it had. */
  | { outcome: 'resumed'; was: 'removed' }
);

/** Throws `invalid_url` or `invalid_field`. */
export async function watchUrl(
  deps: ServiceDeps,
  policy: SitePolicy,
  { url, intervalSeconds }: { url: string; intervalSeconds: number },
): Promise<WatchedUrl> {
  try {
    const { siteId } = await createSite(deps, policy, EVERY_SITE, { siteId: null, url, intervalSeconds });
    return { siteId, outcome: 'created' };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'site_exists') throw error;
    const siteId = error.details['site_id'] as SiteId;
    if (error.details['monitor_active'] === true) return { siteId, outcome: 'exists' };
    if (error.details['removed'] !== true) return { siteId, outcome: 'paused' };
    const fresh = { timeoutSeconds: null, alertCooldownMinutes: null, plan: NO_OVERRIDES };
    await updateSite(deps, policy, EVERY_SITE, siteId, { active: true, intervalSeconds, ...fresh });
    return { siteId, outcome: 'resumed', was: 'removed' };
  }
}
