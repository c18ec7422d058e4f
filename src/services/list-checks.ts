/** The checks there are, and which of them run on a site or one endpoint of it. */
import type { Check } from '../checks/check.ts';
import { CHECKS } from '../checks/registry.ts';
import { type CheckSetting, type EffectiveCheck, effectiveCheck, MAIN_CHECK } from '../domain/check-settings.ts';
import { AppError } from '../domain/errors.ts';
import type { CheckId, EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { checksOfSite } from '../store/site-checks.ts';
import type { ServiceDeps } from './deps.ts';
import { type EndpointPath, requireEndpoint, requireSite } from './find-endpoint.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints'>;

export function listChecks(): readonly Check[] {
  return CHECKS;
}

/** Whether an endpoint can do without it. */
export function canBeDisabled({ type }: Pick<Check, 'type'>): boolean {
  return type !== MAIN_CHECK;
}

export type CheckView = EffectiveCheck & {
  check: Check;
  /** Endpoints of which something else was said than of their site; empty in the view of an endpoint. */
  endpointIds: readonly EndpointId[];
};

/** What holds on endpoints of which nothing was said. Throws `site_not_found`. */
export async function siteChecks(deps: Deps, scope: SiteScope, siteId: SiteId): Promise<CheckView[]> {
  await requireSite(deps, scope, siteId);
  const settings = await checksOfSite(deps.database.kysely, scope, siteId);
  return CHECKS.map((check) => {
    const own = settings.filter(({ checkType, endpointId }) => checkType === check.type && endpointId !== null);
    const endpointIds = own.flatMap(({ endpointId }) => endpointId ?? []);
    return { check, ...effectiveCheck(settings, null, check.type), endpointIds };
  });
}

/** Throws `site_endpoint_not_found`. */
export async function endpointChecks(deps: Deps, scope: SiteScope, path: EndpointPath): Promise<CheckView[]> {
  await requireEndpoint(deps, scope, path);
  const settings = await checksOfSite(deps.database.kysely, scope, path.siteId);
  return CHECKS.map((check) => ({ check, ...effectiveCheck(settings, path.endpointId, check.type), endpointIds: [] }));
}

/** Which setting, as a path names it: one of that site. */
export type CheckPath = { siteId: SiteId; checkId: CheckId };

/** Throws `check_not_found`. */
export async function findCheck(deps: Deps, scope: SiteScope, path: CheckPath): Promise<CheckSetting> {
  return settingAmong(await checksOfSite(deps.database.kysely, scope, path.siteId), path);
}

/** Throws `check_not_found`. */
export function settingAmong(settings: readonly CheckSetting[], { siteId, checkId }: CheckPath): CheckSetting {
  const setting = settings.find((each) => each.checkId === checkId);
  if (setting !== undefined) return setting;
  throw new AppError('check_not_found', `there is no check ${checkId} of site ${siteId}`, {
    fix: 'list the checks of the site or of its endpoint to see the ids of those that something was said of',
    details: { site_id: siteId, check_id: checkId },
  });
}
