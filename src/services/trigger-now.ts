/** Looks at a site now, at each of its endpoints, one of them, or those a check is set for, and tells what was found and what followed from it. */
import { type CheckSetting, effectiveCheck } from '../domain/check-settings.ts';
import { AppError } from '../domain/errors.ts';
import type { EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { checksOfSite } from '../store/site-checks.ts';
import type { ServiceDeps } from './deps.ts';
import { type EndpointPath, findEndpoint, requireEndpoint } from './find-endpoint.ts';
import { findSite, siteNotFound } from './find-site.ts';
import { type CheckPath, settingAmong } from './list-checks.ts';
import type { AskedLook, LookNow } from './look-now.ts';
import type { EndpointView, SiteView } from './site-view.ts';

/** Longest wait for looks (spec/04 section 11.9). */
const DEADLINE_MS = 30_000;
/** Endpoints looked at for one request. */
const MOST_ENDPOINTS = 20;

export type TriggeredCheck = {
  endpoint: Endpoint;
  /** `not_finished`: it did not end in time; it goes on, and is booked when it does. `no_place`: it did not begin. */
  look: AskedLook | 'not_finished' | 'no_place';
};

export type Triggered = {
  /** The endpoint that speaks for the site first; never empty. */
  checks: readonly [TriggeredCheck, ...TriggeredCheck[]];
  /** Endpoints there are beyond those. */
  leftOut: number;
  /** The site as it is after the looks. */
  site: SiteView;
  closed: readonly EventId[];
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Throws `site_not_found`, `server_not_running`, and `too_many_looks` where no endpoint found a place. */
export async function triggerNow(deps: Deps, lookNow: LookNow, scope: SiteScope, siteId: SiteId): Promise<Triggered> {
  const all = await deps.endpoints.bySite(scope, siteId);
  const kept = all.filter(({ removedAtMs }) => removedAtMs === null);
  const [first, ...others] = kept.length > 0 ? kept : all;
  if (first === undefined) throw siteNotFound(siteId);
  const [ofFirst, ...ofOthers] = await lookAt(deps, lookNow, scope, [first, ...others.slice(0, MOST_ENDPOINTS - 1)]);
  const checks: Triggered['checks'] = [ofFirst, ...ofOthers];
  return {
    checks,
    leftOut: 1 + others.length - checks.length,
    site: await findSite(deps, scope, siteId),
    closed: closedBy(checks),
  };
}

/** Throws `site_endpoint_not_found`, and what `lookNow` rejects with. */
export async function triggerEndpoint(
  deps: Deps,
  lookNow: LookNow,
  scope: SiteScope,
  path: EndpointPath,
): Promise<{ check: TriggeredCheck; endpoint: EndpointView; closed: readonly EventId[] }> {
  const looked = await lookAt(deps, lookNow, scope, [await requireEndpoint(deps, scope, path)]);
  return { check: looked[0], endpoint: await findEndpoint(deps, scope, path), closed: closedBy(looked) };
}

/**
 * At the endpoints that a setting of a check speaks for, of which there may be none. Throws `check_not_found`, and what
 * `triggerNow` throws for lack of anybody to look or of places.
 */
export async function triggerCheck(
  deps: Deps,
  lookNow: LookNow,
  scope: SiteScope,
  path: CheckPath,
): Promise<Omit<Triggered, 'checks'> & { setting: CheckSetting; checks: readonly TriggeredCheck[] }> {
  const { siteId } = path;
  const settings = await checksOfSite(deps.database.kysely, scope, siteId);
  const setting = settingAmong(settings, path);
  const all = await deps.endpoints.bySite(scope, siteId);
  const spokenFor = all.filter(({ endpointId, removedAtMs }) => {
    const { checkId } = effectiveCheck(settings, endpointId, setting.checkType).setting ?? {};
    return removedAtMs === null && checkId === setting.checkId;
  });
  const [first, ...others] = spokenFor.slice(0, MOST_ENDPOINTS);
  const checks = first === undefined ? [] : await lookAt(deps, lookNow, scope, [first, ...others]);
  const leftOut = spokenFor.length - checks.length;
  return { setting, checks, leftOut, site: await findSite(deps, scope, siteId), closed: closedBy(checks) };
}

function closedBy(checks: readonly TriggeredCheck[]): EventId[] {
  return checks.flatMap(({ look }) => (typeof look === 'string' ? [] : look.closed));
}

type Looked = readonly [TriggeredCheck, ...TriggeredCheck[]];

/** At all of them at once, as far as there are places; throws when there are none. */
async function lookAt(
  { clock }: Pick<Deps, 'clock'>,
  lookNow: LookNow,
  scope: SiteScope,
  [first, ...others]: readonly [Endpoint, ...Endpoint[]],
): Promise<Looked> {
  const deadline = new AbortController();
  const timer = clock.after(DEADLINE_MS, () => deadline.abort());
  let refusal: AppError | null = null;
  const look = async (endpoint: Endpoint): Promise<TriggeredCheck> => {
    try {
      return { endpoint, look: (await lookNow(endpoint, deadline.signal, scope)) ?? 'not_finished' };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'too_many_looks') throw error;
      refusal = error;
      return { endpoint, look: 'no_place' };
    }
  };
  try {
    const [ofFirst, ...ofOthers] = await Promise.all([look(first), ...others.map(look)]);
    const looked: Looked = [ofFirst, ...ofOthers];
    if (refusal !== null && looked.every((one) => one.look === 'no_place')) throw refusal;
    return looked;
  } finally {
    timer.cancel();
  }
}
