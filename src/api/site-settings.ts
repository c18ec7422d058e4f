/** From the members of a body to the words of the services: the same for sites and for endpoints. */
import { overridesOf } from '../checks/probe.settings.ts';
import type { CreateSite, UpdateSite } from '../contracts/sites.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteChanges } from '../services/change-endpoints.ts';
import type { NewSite } from '../services/create-site.ts';
import { maintenanceWindow } from '../services/maintenance-window.ts';

/** Throws `invalid_field`. */
export function newSiteOf(body: CreateSite): NewSite {
  const siteId = body.blog_id === undefined ? null : (BigInt(body.blog_id) as SiteId);
  return { siteId, url: body.monitor_url, ...settingsOf(body) };
}

/** Throws `invalid_field`. */
export function changesOf(body: UpdateSite): SiteChanges {
  return { ...(body.monitor_url === undefined ? {} : { url: body.monitor_url }), ...settingsOf(body) };
}

/** Members that are present, in the words of the services. Exact seconds win over minutes. */
export function settingsOf(body: Omit<UpdateSite, 'monitor_url'>) {
  const minutes = body.check_interval;
  const intervalSeconds = body.check_interval_seconds ?? (minutes === undefined ? undefined : minutes * 60);
  const plan = overridesOf(body);
  const maintenance = maintenanceWindow(body.maintenance_start, body.maintenance_end);
  return {
    ...(body.monitor_active === undefined ? {} : { active: body.monitor_active }),
    ...(body.bucket_no === undefined ? {} : { bucketNo: body.bucket_no }),
    ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
    ...(body.timeout_seconds === undefined ? {} : { timeoutSeconds: body.timeout_seconds }),
    ...(body.alert_cooldown_minutes === undefined ? {} : { alertCooldownMinutes: body.alert_cooldown_minutes }),
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(Object.keys(plan).length === 0 ? {} : { plan }),
  };
}
