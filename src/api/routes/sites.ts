/** Handlers of /api/v1/sites. */
import { overridesOf } from '../../checks/probe.settings.ts';
import { createSite, deleteSite, getSite, listSites, type UpdateSite, updateSite } from '../../contracts/sites.ts';
import type { SiteId } from '../../domain/ids.ts';
import { createSite as create } from '../../services/create-site.ts';
import { deleteSite as remove } from '../../services/delete-site.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import { findSite } from '../../services/find-site.ts';
import { listSites as list } from '../../services/list-sites.ts';
import { maintenanceWindow } from '../../services/maintenance-window.ts';
import { updateSite as update } from '../../services/update-site.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { isTrue } from '../query.ts';
import { siteDetailReply, siteReply } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function siteRoutes(deps: ServiceDeps, policy: SitePolicy): Route[] {
  return [
    route(listSites, async ({ scope, query }) => {
      const page = await list(deps, scope, {
        afterSiteId: idAtCursor<SiteId>(query.cursor),
        limit: query.limit,
        active: query.monitor_active === undefined ? null : isTrue(query.monitor_active),
        removed: query.removed === undefined ? null : isTrue(query.removed),
        urlContains: query.q ?? null,
      });
      return { data: page.sites.map(siteReply), page: { next: cursorTo(page.next), limit: query.limit } };
    }),
    route(getSite, async ({ scope, ids }) => siteDetailReply(await findSite(deps, scope, ids.site_id as SiteId))),
    route(createSite, async ({ scope, body }) => {
      const siteId = body.blog_id === undefined ? null : (BigInt(body.blog_id) as SiteId);
      return siteReply(await create(deps, policy, scope, { siteId, url: body.monitor_url, ...settings(body) }));
    }),
    route(updateSite, async ({ scope, ids, body }) => {
      const url = body.monitor_url === undefined ? {} : { url: body.monitor_url };
      return siteReply(await update(deps, policy, scope, ids.site_id as SiteId, { ...url, ...settings(body) }));
    }),
    route(deleteSite, async ({ scope, ids }) => {
      await remove(deps, policy, scope, ids.site_id as SiteId);
      return undefined;
    }),
  ];
}

/** Members that are present, in the words of the services. Exact seconds win over minutes. */
function settings(body: UpdateSite) {
  const minutes = body.check_interval;
  const intervalSeconds = body.check_interval_seconds ?? (minutes === undefined ? undefined : minutes * 60);
  const plan = overridesOf(body);
  const maintenance = maintenanceWindow(body.maintenance_start, body.maintenance_end);
  return {
    ...(body.monitor_active === undefined ? {} : { active: body.monitor_active }),
    ...(body.bucket_no === undefined ? {} : { bucketNo: body.bucket_no }),
    ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
    ...(body.timeout_seconds === undefined ? {} : { timeoutSeconds: body.timeout_seconds }),
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(Object.keys(plan).length === 0 ? {} : { plan }),
  };
}
