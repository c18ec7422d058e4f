/** Sites in order of their ids, page by page, with their states. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { ServiceDeps } from './deps.ts';
import { type SiteView, viewSites } from './site-view.ts';

export type SiteQuery = {
  afterSiteId: SiteId | null;
  /** 1 to 200. */
  limit: number;
  active: boolean | null;
  /** True: only sites that were removed; false: only those that were not; null: both. */
  removed: boolean | null;
  urlContains: string | null;
};

export type SitePage = {
  sites: SiteView[];
  /** The last site of this page when another page follows. */
  next: SiteId | null;
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

export async function listSites(deps: Deps, scope: SiteScope, query: SiteQuery): Promise<SitePage> {
  const found = await deps.endpoints.listSites(scope, {
    limit: query.limit + 1,
    ...(query.afterSiteId === null ? {} : { afterSiteId: query.afterSiteId }),
    ...(query.active === null ? {} : { active: query.active }),
    ...(query.removed === null ? {} : { removed: query.removed }),
    ...(query.urlContains === null ? {} : { urlContains: query.urlContains }),
  });
  const page = found.slice(0, query.limit);
  const next = found.length > page.length ? (page.at(-1)?.siteId ?? null) : null;
  return { sites: await viewSites(deps, scope, page), next };
}
