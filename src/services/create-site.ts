/** Starts to watch a URL. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlanOverrides } from '../domain/probe-plan.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint, NewEndpoint } from '../store/endpoints.ts';
import { auditSite } from './audit-site.ts';
import { checkInterval } from './check-interval.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { findSite } from './find-site.ts';
import { followSite } from './follow-site.ts';
import { parseMonitorUrl } from './site-url.ts';
import type { SiteView } from './site-view.ts';

export type NewSite = {
  /** Null: allocate one. With the id of a site that exists, the URL becomes one more endpoint of it. */
  siteId: SiteId | null;
  url: string;
  active?: boolean;
  bucketNo?: number;
  intervalSeconds?: number;
  timeoutSeconds?: number | null;
  /** How it is probed, where that is not left to the server. */
  plan?: Partial<ProbePlanOverrides>;
  maintenance?: MaintenanceWindow | null;
};

type Deps = Pick<
  ServiceDeps,
  'database' | 'endpoints' | 'events' | 'eventQueries' | 'runtime' | 'changes' | 'clock' | 'random'
>;

/** Throws `invalid_url`, `invalid_field` or `site_exists` (details: `site_id`, `monitor_active`, `removed`). */
export async function createSite(deps: Deps, policy: SitePolicy, scope: SiteScope, site: NewSite): Promise<SiteView> {
  const url = parseMonitorUrl(site.url);
  const wanted: NewEndpoint = {
    siteId: site.siteId,
    url,
    active: site.active ?? true,
    bucketNo: site.bucketNo ?? 0,
    intervalSeconds: checkInterval(site.intervalSeconds ?? policy.defaultIntervalSeconds, policy.minIntervalSeconds),
    timeoutSeconds: site.timeoutSeconds ?? null,
    plan: site.plan ?? {},
    ...(site.maintenance === undefined ? {} : { maintenance: site.maintenance }),
  };
  const { created, followed } = await deps.database.transaction(async (tx) => {
    const created = await deps.endpoints.create(scope, wanted, tx);
    if (created.kind !== 'created') return { created, followed: [] };
    const { siteId } = created.endpoint;
    await auditSite(deps, tx, { siteId, detail: `URL added: ${url}` });
    return { created, followed: await followSite(deps, tx, siteId) };
  });
  switch (created.kind) {
    case 'exists':
      throw siteExists(created.endpoint);
    case 'site_id_taken':
      throw new AppError('site_exists', `the blog id ${site.siteId} is taken`, {
        fix: 'choose another one, or leave it out to have one chosen',
      });
    case 'site_id_required':
      throw new AppError('invalid_field', 'blog_id is required: this database is shared with version 1', {
        fix: 'name the blog id that the URL belongs to',
        details: { field: 'blog_id' },
      });
    case 'created': {
      const { siteId, endpointId } = created.endpoint;
      for (const change of followed) deps.changes.publish(change);
      deps.changes.publish({ kind: 'site_changed', siteId, endpointIds: [endpointId], change: 'created' });
      return findSite(deps, scope, siteId);
    }
  }
}

export function siteExists(endpoint: Endpoint): AppError {
  const { url, siteId, active } = endpoint;
  const removed = endpoint.removedAtMs !== null;
  const state = active ? '' : removed ? ' (removed)' : ' (paused)';
  return new AppError('site_exists', `${url} is already watched as site ${siteId}${state}`, {
    fix: active ? 'nothing needs to be done' : 'resume that site to watch it again',
    details: { site_id: siteId, monitor_active: active, removed },
  });
}
