/** Starts to watch a URL. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import type { EndpointSettings } from '../store/endpoint-settings.ts';
import type { Created, Endpoint, NewEndpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
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
} & EndpointSettings;

type Deps = Pick<
  ServiceDeps,
  'database' | 'endpoints' | 'events' | 'eventQueries' | 'runtime' | 'changes' | 'clock' | 'random'
>;

/** Throws `invalid_url`, `invalid_blog_id`, `invalid_field`, `too_many_endpoints` or `site_exists` (details: `site_id`, `monitor_active`, `removed`). */
export async function createSite(deps: Deps, policy: SitePolicy, scope: SiteScope, site: NewSite): Promise<SiteView> {
  const wanted = checkedSite(policy, site);
  const { endpoint, toPublish } = await deps.database.transaction((tx) => createWithin(deps, tx, scope, wanted));
  for (const change of toPublish) deps.changes.publish(change);
  return findSite(deps, scope, endpoint.siteId);
}

/** What is wanted, with the defaults of the server. Throws `invalid_url` or `invalid_field`. */
export function checkedSite(policy: SitePolicy, site: NewSite): NewEndpoint {
  return {
    siteId: site.siteId,
    url: parseMonitorUrl(site.url),
    active: site.active ?? true,
    bucketNo: site.bucketNo ?? 0,
    intervalSeconds: checkInterval(site.intervalSeconds ?? policy.defaultIntervalSeconds, policy.minIntervalSeconds),
    timeoutSeconds: site.timeoutSeconds ?? null,
    alertCooldownMinutes: site.alertCooldownMinutes ?? null,
    plan: site.plan ?? {},
    ...(site.maintenance === undefined ? {} : { maintenance: site.maintenance }),
  };
}

/** Most endpoints of one site: what is asked of it, and what changes it, reads all of them. */
export const MAX_ENDPOINTS = 500;

/**
 * Within a transaction; what is to be published is so once it is committed. Throws the refusals of `createSite` before
 * anything is written.
 */
export async function createWithin(
  deps: Pick<Deps, 'endpoints' | 'events' | 'clock' | 'random'>,
  tx: Tx,
  scope: SiteScope,
  wanted: NewEndpoint,
): Promise<{ endpoint: Endpoint; toPublish: Change[] }> {
  if (wanted.siteId !== null) await requireRoom(deps, tx, scope, wanted.siteId);
  const created = await deps.endpoints.create(scope, wanted, tx);
  if (created.kind !== 'created') throw refusalOf(created, wanted);
  const { endpoint } = created;
  const { siteId, endpointId, url } = endpoint;
  await auditSite(deps, tx, { siteId, detail: `URL added: ${url}` });
  const followed = await followSite(deps, tx, siteId);
  return {
    endpoint,
    toPublish: [...followed, { kind: 'site_changed', siteId, endpointIds: [endpointId], change: 'created' }],
  };
}

async function requireRoom(deps: Pick<Deps, 'endpoints'>, tx: Tx, scope: SiteScope, siteId: SiteId): Promise<void> {
  const there = await deps.endpoints.pageOfSite(scope, siteId, { limit: MAX_ENDPOINTS }, tx);
  if (there.length < MAX_ENDPOINTS) return;
  throw new AppError('too_many_endpoints', `site ${siteId} has ${MAX_ENDPOINTS} endpoints, the most a site can have`, {
    fix: 'watch the URL as a site of its own',
    details: { site_id: siteId, limit: MAX_ENDPOINTS },
  });
}

function refusalOf(created: Exclude<Created, { kind: 'created' }>, { siteId }: NewEndpoint): AppError {
  switch (created.kind) {
    case 'exists':
      return siteExists(created.endpoint);
    case 'site_id_taken':
      return new AppError('site_exists', `the blog id ${siteId} is taken`, {
        fix: 'choose another one, or leave it out to have one chosen',
      });
    case 'site_id_required':
      return new AppError('invalid_blog_id', 'blog_id is required: this database is shared with version 1', {
        fix: 'name the blog id that the URL belongs to',
        details: { field: 'blog_id' },
      });
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
