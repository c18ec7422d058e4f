/** Stops watching a site for good: its rows and its history are kept, so this may be repeated or taken back. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import { auditSite } from './audit-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { closeOpenEvents } from './follow-site.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

/** Throws `site_not_found`. */
export async function deleteSite(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  siteId: SiteId,
): Promise<void> {
  const toPublish = await toldIfUnsure(deps, scope, siteId, async (tx, endpoints) => {
    // One instant for all: that tells them from those that were removed before (kept-endpoints.ts).
    const nowMs = deps.clock.nowMs();
    const left = endpoints.filter(({ removedAtMs }) => removedAtMs === null).map(({ endpointId }) => endpointId);
    await deps.endpoints.updateAll(scope, left, { active: false, removedAtMs: nowMs }, tx);
    if (left.length > 0) {
      await auditSite(deps, tx, { siteId, detail: 'site removed' });
    }
    const why = { siteId, note: 'site removed', project: policy.projectStatus };
    const closed = await closeOpenEvents(deps, tx, why);
    const endpointIds = endpoints.map((endpoint) => endpoint.endpointId);
    const removed: Change = { kind: 'site_changed', siteId, endpointIds, change: 'removed' };
    return [...closed, removed];
  });
  for (const change of toPublish) deps.changes.publish(change);
}
