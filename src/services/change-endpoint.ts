/** Adds, changes and removes single endpoints of a site. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import { auditSite, ofEndpoint } from './audit-site.ts';
import { changeEndpoints, checkedChanges, isEmpty, type SiteChanges } from './change-endpoints.ts';
import { checkedSite, createWithin, type NewSite } from './create-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { type EndpointPath, endpointNotFound, findEndpoint } from './find-endpoint.ts';
import { closeOpenEvents } from './follow-site.ts';
import { keptEndpoints } from './kept-endpoints.ts';
import type { EndpointView } from './site-view.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

/**
 * One more URL of a site that exists, in the bucket of the site unless another is named. Throws `site_not_found` and the
 * refusals of `createSite`.
 */
export async function addEndpoint(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  endpoint: NewSite & { siteId: SiteId },
): Promise<EndpointView> {
  const { siteId } = endpoint;
  const wanted = checkedSite(policy, endpoint);
  const added = await toldIfUnsure(deps, scope, siteId, async (tx, all) => {
    const bucketNo = endpoint.bucketNo ?? keptEndpoints(all)[0]?.bucketNo ?? wanted.bucketNo;
    return createWithin(deps, tx, scope, { ...wanted, bucketNo });
  });
  // To those who follow the site it is the same site with one URL more.
  for (const change of added.toPublish)
    deps.changes.publish(change.kind === 'site_changed' ? { ...change, change: 'updated' } : change);
  return findEndpoint(deps, scope, added.endpoint);
}

/** The same changes as of a site, of one endpoint alone. Throws `invalid_url`, `invalid_field`, `site_endpoint_not_found` or `site_exists`. */
export async function updateEndpoint(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  path: EndpointPath,
  changes: SiteChanges,
): Promise<EndpointView> {
  const wanted = checkedChanges(policy, changes);
  if (isEmpty(wanted)) return findEndpoint(deps, scope, path);
  const { siteId } = path;
  await changed(deps, scope, path, (tx, endpoint, all) =>
    changeEndpoints(deps, policy, tx, scope, { siteId, all, chosen: [endpoint], whose: 'endpoint' }, wanted),
  );
  return findEndpoint(deps, scope, path);
}

/** Stops watching it for good; its row and its history are kept, so this may be repeated or taken back. Throws `site_endpoint_not_found`. */
export async function deleteEndpoint(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  path: EndpointPath,
): Promise<void> {
  const { siteId, endpointId } = path;
  await changed(deps, scope, path, async (tx, endpoint, all) => {
    const removedAtMs = endpoint.removedAtMs ?? deps.clock.nowMs();
    await deps.endpoints.update(scope, endpointId, { active: false, removedAtMs }, tx);
    if (endpoint.removedAtMs === null) await auditSite(deps, tx, { siteId, ...ofEndpoint(endpoint, 'URL removed') });
    const others = all.filter((other) => other !== endpoint);
    // What is open on the site as a whole goes with the last endpoint that is watched.
    const only = others.some(({ active }) => active) ? { only: endpointId } : {};
    const why = { siteId, note: 'endpoint removed', project: policy.projectStatus, ...only };
    const closed = await closeOpenEvents(deps, tx, why);
    const change = others.every((other) => other.removedAtMs !== null) ? 'removed' : 'updated';
    return [...closed, { kind: 'site_changed', siteId, endpointIds: [endpointId], change }];
  });
}

/** Changes one endpoint in a transaction, and tells what came of it. Throws `site_endpoint_not_found`. */
async function changed(
  deps: ServiceDeps,
  scope: SiteScope,
  path: EndpointPath,
  change: (tx: Tx, endpoint: Endpoint, all: readonly Endpoint[]) => Promise<Change[]>,
): Promise<void> {
  const toPublish = await toldIfUnsure(deps, scope, path.siteId, (tx, all) => {
    return change(tx, endpointAmong(all, path), all);
  }).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'site_not_found' ? endpointNotFound(path) : error;
  });
  for (const each of toPublish) deps.changes.publish(each);
}

/** Throws `site_endpoint_not_found`. */
function endpointAmong(all: readonly Endpoint[], path: EndpointPath): Endpoint {
  const endpoint = all.find(({ endpointId }) => endpointId === path.endpointId);
  if (endpoint === undefined) throw endpointNotFound(path);
  return endpoint;
}
