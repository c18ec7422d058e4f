/** A site as it is shown: its endpoints with their latest looks, its open events, and the states they add up to. */
import { isWithin } from '../domain/maintenance.ts';
import {
  byWorst,
  type EndpointFacts,
  endpointState,
  isStale,
  type OpenEvent,
  type RolledUp,
  rollUp,
} from '../domain/rollup.ts';
import { DEFAULT_RULES, type RollupRules } from '../domain/rollup-rules.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint, Site } from '../store/endpoints.ts';
import type { EventRecord } from '../store/event-records.ts';
import type { LatestResult } from '../store/latest-results.ts';
import { readRules } from '../store/site-rules.ts';
import type { ServiceDeps } from './deps.ts';

export type EndpointView = Endpoint & { latest: LatestResult | null; rolledUp: RolledUp };

export type SiteView = {
  siteId: Endpoint['siteId'];
  /** The endpoint that speaks for the site where one value is asked for. */
  first: EndpointView;
  endpoints: readonly EndpointView[];
  /** False when every endpoint is paused. */
  active: boolean;
  /** When the last of its endpoints was removed; null while one of them is watched or paused. */
  removedAtMs: number | null;
  rolledUp: RolledUp;
  /** Worst first. */
  openEvents: readonly EventRecord[];
};

type Deps = Pick<ServiceDeps, 'database' | 'eventQueries' | 'runtime' | 'clock'>;

/**
 * Views of at most 200 sites, in their order, with one query for the events of all and one for their rules. Sites
 * without endpoints are left out.
 */
export async function viewSites(deps: Deps, scope: SiteScope, sites: readonly Site[]): Promise<SiteView[]> {
  const siteIds = sites.map((site) => site.siteId);
  const [open, rules] = await Promise.all([
    deps.eventQueries.openBySites(scope, siteIds),
    readRules(deps.database.kysely, siteIds),
  ]);
  const nowMs = deps.clock.nowMs();
  return sites.flatMap((site) => {
    const { siteId } = site;
    return viewSite(deps.runtime, site, open.get(siteId) ?? [], rules.get(siteId) ?? DEFAULT_RULES, nowMs);
  });
}

function viewSite(
  runtime: Deps['runtime'],
  site: Site,
  open: readonly EventRecord[],
  rules: RollupRules,
  nowMs: number,
): SiteView[] {
  const facts: EndpointFacts[] = [];
  const endpoints = site.endpoints.map((endpoint): EndpointView => {
    const latest = runtime.latest(endpoint.endpointId);
    const own = open.filter((event) => event.endpointId === endpoint.endpointId).map(openEventOf);
    const counts = latest !== null && !isStale(nowMs - latest.checkedAtMs, endpoint);
    const { endpointId, active } = endpoint;
    const fact = { endpointId, active, latest: counts ? latest.state : null, open: own, outageChecks: null };
    facts.push(fact);
    const inMaintenance = isWithin(endpoint.maintenance, nowMs);
    return { ...endpoint, latest, rolledUp: endpointState({ ...fact, inMaintenance }) };
  });
  const [first] = endpoints;
  if (first === undefined) return [];
  const watched = site.endpoints.filter((endpoint) => endpoint.active);
  // What is down outside of any window must not hide behind that of another endpoint.
  const inMaintenance = watched.length > 0 && watched.every(({ maintenance }) => isWithin(maintenance, nowMs));
  const siteLevel = open.filter((event) => event.endpointId === null).map(openEventOf);
  return [
    {
      siteId: site.siteId,
      first,
      endpoints,
      active: endpoints.some((endpoint) => endpoint.active),
      removedAtMs: removalOf(endpoints),
      rolledUp: rollUp({ endpoints: facts, siteOpen: siteLevel, inMaintenance }, rules),
      openEvents: open.toSorted(byWorst),
    },
  ];
}

function removalOf(endpoints: readonly Endpoint[]): number | null {
  const removals = endpoints.flatMap(({ removedAtMs }) => (removedAtMs === null ? [] : [removedAtMs]));
  return removals.length === endpoints.length ? Math.max(...removals) : null;
}

function openEventOf(event: EventRecord): OpenEvent {
  const { eventId, checkType, state, severity, startedAtMs } = event;
  return { eventId, checkType, reverse: false, state, severity, startedAtMs };
}
