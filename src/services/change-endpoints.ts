/** What a change of a site and one of a single endpoint have in common: what is refused, closed, noted and told. */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import type { EndpointPatch, EndpointSettings } from '../store/endpoint-settings.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import { auditSite, changeInWords } from './audit-site.ts';
import { checkInterval } from './check-interval.ts';
import { siteExists } from './create-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { type Closing, closeOpenEvents, followSite } from './follow-site.ts';
import { keepOwnWindows } from './maintenance-window.ts';
import { parseMonitorUrl } from './site-url.ts';

/**
 * `url` replaces that of the first endpoint and closes what is open on it; all else applies to every endpoint. `active`: false
 * pauses the site and closes its open events; true watches again, removed or not, and reopens nothing.
 */
export type SiteChanges = EndpointSettings & { url?: string };

/** Changes that are allowed wherever they are made, the URL in its canonical form. */
export type WantedChanges = { url: string | undefined; common: Omit<SiteChanges, 'url'> };

/** Throws `invalid_url` or `invalid_field`. */
export function checkedChanges(policy: SitePolicy, changes: SiteChanges): WantedChanges {
  const { url, ...common } = changes;
  if (common.intervalSeconds !== undefined) checkInterval(common.intervalSeconds, policy.minIntervalSeconds);
  return { url: url === undefined ? undefined : parseMonitorUrl(url), common };
}

export function isEmpty({ url, common }: WantedChanges): boolean {
  return url === undefined && Object.keys(common).length === 0;
}

export type ChangeDeps = Pick<ServiceDeps, 'endpoints' | 'events' | 'eventQueries' | 'clock' | 'random'>;

export type ToChange = {
  siteId: SiteId;
  /** Every endpoint of the site. */
  all: readonly Endpoint[];
  /** Those that change; a URL replaces that of the first of them. */
  chosen: readonly Endpoint[];
  whose: 'site' | 'endpoint';
};

/**
 * Within a transaction; returns what is to be published once it is committed. Throws `invalid_field` or `site_exists`
 * before anything is written.
 */
export async function changeEndpoints(
  deps: ChangeDeps,
  policy: SitePolicy,
  tx: Tx,
  scope: SiteScope,
  target: ToChange,
  wanted: WantedChanges,
): Promise<Change[]> {
  const { siteId, all, chosen, whose } = target;
  const { url, common } = wanted;
  if (url !== undefined) {
    refuseUrl(url, common, target);
    await refuseUrlOfAnother(deps, tx, scope, url, target);
  }
  await patch(deps, tx, scope, chosen, wanted);
  const change = changeInWords(chosen, url, common, whose);
  if (change !== null) await auditSite(deps, tx, { siteId, ...change });
  const closing = closingFor(target, wanted);
  const followed =
    closing === null
      ? await followSite(deps, tx, siteId)
      : await closeOpenEvents(deps, tx, { siteId, project: policy.projectStatus, ...closing });
  // To those who list what was not removed, a removed site that is watched again is new.
  const returns = common.active === true && all.every((endpoint) => endpoint.removedAtMs !== null);
  const endpointIds = chosen.map((endpoint) => endpoint.endpointId);
  return [...followed, { kind: 'site_changed', siteId, endpointIds, change: returns ? 'created' : 'updated' }];
}

/** What was open is not open any more on what is paused, nor on an endpoint that leads elsewhere now. */
function closingFor(
  { all, chosen, whose }: ToChange,
  { url, common }: WantedChanges,
): Pick<Closing, 'only' | 'note'> | null {
  const [first] = chosen;
  if (first === undefined) return null;
  if (common.active === false) {
    // Whoever pauses the last one that is watched pauses the site.
    const othersWatch = all.some((endpoint) => endpoint.active && !chosen.includes(endpoint));
    return { note: `${whose} paused`, ...(othersWatch ? { only: first.endpointId } : {}) };
  }
  return url === undefined || url === first.url ? null : { only: first.endpointId, note: 'URL changed' };
}

function refuseUrl(url: string, { plan }: EndpointPatch, { all, chosen }: ToChange): void {
  const [first] = chosen;
  const same = all.find((endpoint) => endpoint !== first && endpoint.url === url);
  if (same !== undefined) throw siteExists(same);
  if (first === undefined) return;
  // Headers that were given for one origin are not sent to another by whoever may change the URL but never read them.
  const moves = URL.parse(url)?.origin !== URL.parse(first.url)?.origin;
  if (!moves || plan?.headers !== undefined || first.plan.headers.length === 0) return;
  throw new AppError('invalid_field', 'the custom headers of this site were given for another origin', {
    fix: 'send custom_headers with the new URL: a map of them, or {} for none',
    details: { field: 'custom_headers' },
  });
}

/** What a new site would be refused, a site that moves is, too. What a site has got it may keep. */
async function refuseUrlOfAnother(
  { endpoints }: Pick<ChangeDeps, 'endpoints'>,
  tx: Tx,
  scope: SiteScope,
  url: string,
  { chosen: [first], whose }: ToChange,
): Promise<void> {
  // One more URL of a site that is named may be another's, as where endpoints are added.
  if (whose === 'endpoint' || url === first?.url) return;
  const there = await endpoints.findByUrlInTurn(scope, url, tx);
  if (there !== null) throw siteExists(there);
}

async function patch(
  deps: Pick<ServiceDeps, 'endpoints' | 'clock'>,
  tx: Tx,
  scope: SiteScope,
  chosen: readonly Endpoint[],
  { url, common }: WantedChanges,
): Promise<void> {
  await keepOwnWindows(deps, tx, scope, chosen, common.maintenance);
  const pauses = chosen.filter(({ active }) => common.active === false && active);
  const others = chosen.filter((endpoint) => !pauses.includes(endpoint));
  const idsOf = (endpoints: readonly Endpoint[]) => endpoints.map(({ endpointId }) => endpointId);
  await deps.endpoints.updateAll(scope, idsOf(pauses), { ...common, statusChangedAtMs: deps.clock.nowMs() }, tx);
  await deps.endpoints.updateAll(scope, idsOf(others), common, tx);
  const [first] = chosen;
  if (first !== undefined && url !== undefined) await deps.endpoints.update(scope, first.endpointId, { url }, tx);
}
