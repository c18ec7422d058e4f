/** Changes a site: what it watches, how often, and whether at all. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import {
  type ChangeDeps,
  changeEndpoints,
  checkedChanges,
  isEmpty,
  type SiteChanges,
  type WantedChanges,
} from './change-endpoints.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { findSite } from './find-site.ts';
import { keptEndpoints } from './kept-endpoints.ts';
import type { SiteView } from './site-view.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

/** Throws `invalid_url`, `invalid_field`, `site_not_found` or `site_exists`. */
export async function updateSite(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  siteId: SiteId,
  changes: SiteChanges,
): Promise<SiteView> {
  const wanted = checkedChanges(policy, changes);
  if (isEmpty(wanted)) return findSite(deps, scope, siteId);
  const toPublish = await toldIfUnsure(deps, scope, siteId, (tx, all) =>
    changeSite(deps, policy, tx, scope, { siteId, all, wanted }),
  );
  for (const change of toPublish) deps.changes.publish(change);
  return findSite(deps, scope, siteId);
}

/**
 * Changes the endpoints that the site has, within a transaction: `all` are its endpoints, removed ones among them. Returns
 * what is to be published once it is committed. Throws `invalid_field` or `site_exists` before anything is written.
 */
export function changeSite(
  deps: ChangeDeps,
  policy: SitePolicy,
  tx: Tx,
  scope: SiteScope,
  { siteId, all, wanted }: { siteId: SiteId; all: readonly Endpoint[]; wanted: WantedChanges },
): Promise<Change[]> {
  return changeEndpoints(deps, policy, tx, scope, { siteId, all, chosen: keptEndpoints(all), whose: 'site' }, wanted);
}
