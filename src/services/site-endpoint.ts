/** Which endpoints of a site are spoken of. */
import { AppError } from '../domain/errors.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';

/** Throws `site_endpoint_not_found`. */
export function siteEndpoint(endpoints: readonly Endpoint[], siteId: SiteId, endpointId: EndpointId): Endpoint {
  const found = endpoints.find((endpoint) => endpoint.endpointId === endpointId);
  if (found !== undefined) return found;
  throw new AppError('site_endpoint_not_found', `site ${siteId} has no endpoint ${endpointId}`, {
    fix: 'read the site to see its endpoints',
    details: { site_id: siteId, endpoint_id: endpointId },
  });
}

/** One endpoint, or the first ones of the site where none is named. Throws `site_not_found`, `site_endpoint_not_found`. */
export async function endpointsAsked(
  { endpoints }: Pick<ServiceDeps, 'endpoints'>,
  scope: SiteScope,
  { siteId, endpointId, limit }: { siteId: SiteId; endpointId: EndpointId | null; limit: number },
): Promise<Endpoint[]> {
  const all = await endpoints.bySite(scope, siteId);
  if (all.length === 0) throw siteNotFound(siteId);
  return endpointId === null ? all.slice(0, limit) : [siteEndpoint(all, siteId, endpointId)];
}
