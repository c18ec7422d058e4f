/** One endpoint of a site with its state, and all of them page by page. */
import { AppError } from '../domain/errors.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { type EndpointView, viewEndpoints } from './site-view.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Which endpoint, as a path names it: one of that site. */
export type EndpointPath = { siteId: SiteId; endpointId: EndpointId };

/** Throws `site_endpoint_not_found`. */
export async function findEndpoint(deps: Deps, scope: SiteScope, path: EndpointPath): Promise<EndpointView> {
  const endpoint = await requireEndpoint(deps, scope, path);
  const [view] = await viewEndpoints(deps, scope, path.siteId, [endpoint]);
  if (view === undefined) throw endpointNotFound(path);
  return view;
}

/** Without its state. Throws `site_endpoint_not_found`. */
export async function requireEndpoint(
  deps: Pick<Deps, 'endpoints'>,
  scope: SiteScope,
  path: EndpointPath,
): Promise<Endpoint> {
  const endpoint = await deps.endpoints.byId(scope, path.endpointId);
  if (endpoint === null || endpoint.siteId !== path.siteId) throw endpointNotFound(path);
  return endpoint;
}

export function endpointNotFound({ siteId, endpointId }: EndpointPath): AppError {
  return new AppError('site_endpoint_not_found', `there is no endpoint ${endpointId} of site ${siteId}`, {
    fix: 'list the endpoints of the site to see their ids',
    details: { site_id: siteId, endpoint_id: endpointId },
  });
}

export type EndpointQuery = {
  siteId: SiteId;
  afterId: EndpointId | null;
  /** 1 to 200. */
  limit: number;
  /** Null: whether watched or not. */
  active: boolean | null;
  /** Null: whether removed or not. */
  removed: boolean | null;
};

/** Throws `site_not_found`. `next`: the last endpoint of this page when another page follows. */
export async function listEndpoints(
  deps: Deps,
  scope: SiteScope,
  query: EndpointQuery,
): Promise<{ endpoints: EndpointView[]; next: EndpointId | null }> {
  const { siteId, afterId, limit, active, removed } = query;
  const found = await deps.endpoints.pageOfSite(scope, siteId, {
    limit: limit + 1,
    ...(afterId === null ? {} : { after: afterId }),
    ...(active === null ? {} : { active }),
    ...(removed === null ? {} : { removed }),
  });
  if (found.length === 0) await requireSite(deps, scope, siteId);
  const page = found.slice(0, limit);
  const next = found.length > page.length ? (page.at(-1)?.endpointId ?? null) : null;
  return { endpoints: await viewEndpoints(deps, scope, siteId, page), next };
}

/** Throws `site_not_found`. */
export async function requireSite(deps: Pick<Deps, 'endpoints'>, scope: SiteScope, siteId: SiteId): Promise<void> {
  const [any] = await deps.endpoints.pageOfSite(scope, siteId, { limit: 1 });
  if (any === undefined) throw siteNotFound(siteId);
}
