/** One site with its state. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { ServiceDeps } from './deps.ts';
import { type SiteView, sitesNow, viewSites } from './site-view.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Throws `site_not_found`. */
export async function findSite(deps: Deps, scope: SiteScope, siteId: SiteId): Promise<SiteView> {
  const [endpoints, now] = await Promise.all([deps.endpoints.bySite(scope, siteId), sitesNow(deps, scope, [siteId])]);
  const [view] = await viewSites(deps, scope, [{ siteId, endpoints }], now);
  if (view === undefined) throw siteNotFound(siteId);
  return view;
}

export function siteNotFound(siteId: SiteId): AppError {
  return new AppError('site_not_found', `there is no site ${siteId}`, {
    fix: 'list the sites to see their ids',
    details: { site_id: siteId },
  });
}
