/** Which checks run where: a site, or one endpoint of it, may be said to do without some. Pure. */
import type { CheckId, EndpointId, SiteId } from './ids.ts';

/** The check that watching consists of; every look has its verdict, and nobody can do without it. */
export const MAIN_CHECK = 'http';

/** What was said of one check. */
export type CheckSetting = {
  checkId: CheckId;
  siteId: SiteId;
  /** Null: for every endpoint of the site of which nothing else was said. */
  endpointId: EndpointId | null;
  checkType: string;
  enabled: boolean;
  createdAtMs: number;
  updatedAtMs: number;
};

/** The part of it that decides. */
type Said = Pick<CheckSetting, 'endpointId' | 'checkType' | 'enabled'>;

export type EffectiveCheck<S extends Said = CheckSetting> = {
  enabled: boolean;
  /** Where that comes from. */
  source: 'default' | 'site' | 'endpoint';
  /** What decides it; null where nothing was said. */
  setting: S | null;
};

/** What holds on an endpoint; null: on endpoints of which nothing was said. `settings` are those of its site. */
export function effectiveCheck<S extends Said>(
  settings: readonly S[],
  endpointId: EndpointId | null,
  checkType: string,
): EffectiveCheck<S> {
  if (checkType === MAIN_CHECK) return { enabled: true, source: 'default', setting: null };
  const of = (wanted: EndpointId | null) =>
    settings.find((setting) => setting.checkType === checkType && setting.endpointId === wanted);
  const own = endpointId === null ? undefined : of(endpointId);
  if (own !== undefined) return { enabled: own.enabled, source: 'endpoint', setting: own };
  const ofSite = of(null);
  if (ofSite !== undefined) return { enabled: ofSite.enabled, source: 'site', setting: ofSite };
  return { enabled: true, source: 'default', setting: null };
}
