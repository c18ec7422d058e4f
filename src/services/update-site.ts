/** Changes a site: what it watches, how often, and whether at all. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlanOverrides } from '../domain/probe-plan.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import type { Endpoint, EndpointPatch } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import { auditSite, changeInWords } from './audit-site.ts';
import { checkInterval } from './check-interval.ts';
import { siteExists } from './create-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { findSite } from './find-site.ts';
import { type Closing, closeOpenEvents, followSite } from './follow-site.ts';
import { parseMonitorUrl } from './site-url.ts';
import type { SiteView } from './site-view.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

export type SiteChanges = {
  /** Replaces the URL of the first endpoint and closes what is open on it; all else applies to every endpoint. */
  url?: string;
  /** False pauses the site and closes its open events; true watches again, removed or not, and reopens nothing. */
  active?: boolean;
  bucketNo?: number;
  intervalSeconds?: number;
  /** Null: back to the server's default. */
  timeoutSeconds?: number | null;
  plan?: Partial<ProbePlanOverrides>;
  /** Null: none any more. */
  maintenance?: MaintenanceWindow | null;
};

/** Throws `invalid_url`, `invalid_field`, `site_not_found` or `site_exists`. */
export async function updateSite(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  siteId: SiteId,
  changes: SiteChanges,
): Promise<SiteView> {
  const { url: typed, ...common } = changes;
  const url = typed === undefined ? undefined : parseMonitorUrl(typed);
  if (common.intervalSeconds !== undefined) checkInterval(common.intervalSeconds, policy.minIntervalSeconds);
  if (url === undefined && Object.keys(common).length === 0) return findSite(deps, scope, siteId);
  const toPublish = await toldIfUnsure(deps, scope, siteId, async (tx, endpoints) => {
    await patchEndpoints(deps, tx, scope, endpoints, url, common);
    const change = changeInWords(endpoints, url, common);
    if (change !== null) await auditSite(deps, tx, { siteId, ...change });
    const why = { siteId, project: policy.projectStatus };
    const closing = closingFor(changes.active, url, endpoints);
    const followed =
      closing === null ? await followSite(deps, tx, siteId) : await closeOpenEvents(deps, tx, { ...why, ...closing });
    return [...followed, changeOf(siteId, endpoints, changes.active)];
  });
  for (const change of toPublish) deps.changes.publish(change);
  return findSite(deps, scope, siteId);
}

/** What was open is not open any more on a paused site, nor on an endpoint that leads elsewhere now. */
function closingFor(
  active: boolean | undefined,
  url: string | undefined,
  [first]: readonly Endpoint[],
): Pick<Closing, 'only' | 'note'> | null {
  if (active === false) return { note: 'site paused' };
  if (first === undefined || url === undefined || url === first.url) return null;
  return { only: first.endpointId, note: 'URL changed' };
}

/** To those who list what was not removed, a removed site that is watched again is new. */
function changeOf(siteId: SiteId, before: readonly Endpoint[], active: boolean | undefined): Change {
  const returns = active === true && before.every((endpoint) => endpoint.removedAtMs !== null);
  const endpointIds = before.map((endpoint) => endpoint.endpointId);
  return { kind: 'site_changed', siteId, endpointIds, change: returns ? 'created' : 'updated' };
}

async function patchEndpoints(
  deps: Pick<ServiceDeps, 'endpoints' | 'clock'>,
  tx: Tx,
  scope: SiteScope,
  endpoints: readonly Endpoint[],
  url: string | undefined,
  common: EndpointPatch,
): Promise<void> {
  const [first, ...others] = endpoints;
  const same = url === undefined ? undefined : others.find((endpoint) => endpoint.url === url);
  if (same !== undefined) throw siteExists(same);
  if (first !== undefined && url !== undefined) keepSecretsFrom(url, first, common);
  for (const endpoint of endpoints) {
    const pauses = common.active === false && endpoint.active;
    const patch = {
      ...common,
      ...(endpoint === first && url !== undefined ? { url } : {}),
      ...(pauses ? { statusChangedAtMs: deps.clock.nowMs() } : {}),
    };
    await deps.endpoints.update(scope, endpoint.endpointId, patch, tx);
  }
}

/**
 * Headers that were given for one origin are not sent to another by whoever may change the URL but never read them. Throws
 * `invalid_field`.
 */
function keepSecretsFrom(url: string, endpoint: Endpoint, { plan }: EndpointPatch): void {
  const moves = URL.parse(url)?.origin !== URL.parse(endpoint.url)?.origin;
  if (!moves || plan?.headers !== undefined || endpoint.plan.headers.length === 0) return;
  throw new AppError('invalid_field', 'the custom headers of this site were given for another origin', {
    fix: 'send custom_headers with the new URL: a map of them, or {} for none',
    details: { field: 'custom_headers' },
  });
}
