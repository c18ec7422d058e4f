/** A site as it is shown: its endpoints with their latest looks, its open events, and the states they add up to. */
import { setImmediate } from 'node:timers/promises';
import type { SiteId } from '../domain/ids.ts';
import { isWithin } from '../domain/maintenance.ts';
import { covers } from '../domain/planned-maintenance.ts';
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
import { isAnswered } from '../domain/state.ts';
import type { Endpoint, Site } from '../store/endpoints.ts';
import type { EventRecord } from '../store/event-records.ts';
import type { LatestResult } from '../store/latest-results.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import { windowsWithin } from '../store/maintenance-windows.ts';
import { readRules } from '../store/site-rules.ts';
import type { ServiceDeps } from './deps.ts';
import { keptEndpoints } from './kept-endpoints.ts';

export type EndpointView = Endpoint & {
  latest: LatestResult | null;
  rolledUp: RolledUp;
  /** Worst first. */
  openEvents: readonly EventRecord[];
};

export type SiteView = {
  siteId: Endpoint['siteId'];
  /** The endpoint that speaks for the site where one value is asked for. */
  first: EndpointView;
  /** Without those that were removed, unless the site was. */
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

/** What holds for sites at a moment, beside what is known of their endpoints. */
export type SitesNow = {
  nowMs: number;
  open: ReadonlyMap<SiteId, EventRecord[]>;
  planned: ReadonlyMap<SiteId, StoredWindow[]>;
};

/** One query each for the open events of at most 200 sites and for what is planned. */
export async function sitesNow(deps: Deps, scope: SiteScope, siteIds: readonly SiteId[]): Promise<SitesNow> {
  const nowMs = deps.clock.nowMs();
  const [open, planned] = await Promise.all([
    deps.eventQueries.openBySites(scope, siteIds),
    plannedOn(deps, scope, siteIds, nowMs),
  ]);
  return { nowMs, open, planned };
}

/** After so many the looks that wait have their turn: a page of large sites has some 100,000 endpoints. */
const ENDPOINTS_AT_A_STRETCH = 1_000;

/**
 * Views of at most 200 sites, in their order, with one more query for the rules of those whose state may hang on them. Sites
 * without endpoints are left out. `known`: what holds for them now, where that was read already.
 */
export async function viewSites(
  deps: Deps,
  scope: SiteScope,
  sites: readonly Site[],
  known?: SitesNow,
): Promise<SiteView[]> {
  const siteIds = sites.map((site) => site.siteId);
  const { nowMs, open, planned } = known ?? (await sitesNow(deps, scope, siteIds));
  // With one endpoint and nothing open there is nothing that rules could weigh.
  const weighed = sites.filter(({ siteId, endpoints }) => endpoints.length > 1 || open.has(siteId));
  const rules = await readRules(
    deps.database.kysely,
    scope,
    weighed.map(({ siteId }) => siteId),
  );
  const views: SiteView[] = [];
  let sinceOthers = 0;
  for (const site of sites) {
    const { siteId, endpoints } = site;
    sinceOthers += endpoints.length;
    if (sinceOthers > ENDPOINTS_AT_A_STRETCH) {
      await setImmediate();
      sinceOthers = endpoints.length;
    }
    const on = planned.get(siteId) ?? [];
    const facts = { open: open.get(siteId) ?? [], rules: rules.get(siteId) ?? DEFAULT_RULES, on };
    views.push(...viewSite(deps.runtime, site, facts, nowMs));
  }
  return views;
}

function viewSite(
  runtime: Deps['runtime'],
  site: Site,
  { open, rules, on }: { open: readonly EventRecord[]; rules: RollupRules; on: readonly StoredWindow[] },
  nowMs: number,
): SiteView[] {
  const isInMaintenance = maintenanceTest(on, nowMs);
  const byEndpoint = Map.groupBy(open, ({ endpointId }) => endpointId);
  const seen = keptEndpoints(site.endpoints).map((endpoint) =>
    viewEndpoint(runtime, endpoint, byEndpoint.get(endpoint.endpointId) ?? [], { nowMs, isInMaintenance }),
  );
  const endpoints = seen.map(({ view }) => view);
  const [first] = endpoints;
  if (first === undefined) return [];
  const watched = endpoints.filter((endpoint) => endpoint.active);
  // What is down outside of any window must not hide behind that of another endpoint.
  const inMaintenance = watched.length > 0 && watched.every(isInMaintenance);
  const siteOpen = (byEndpoint.get(null) ?? []).map(openEventOf);
  return [
    {
      siteId: site.siteId,
      first,
      endpoints,
      active: watched.length > 0,
      removedAtMs: removalOf(endpoints),
      rolledUp: rollUp({ endpoints: seen.map(({ facts }) => facts), siteOpen, inMaintenance }, rules),
      openEvents: open.toSorted(byWorst),
    },
  ];
}

/** Views of some endpoints of one site, in their order. */
export async function viewEndpoints(
  deps: Deps,
  scope: SiteScope,
  siteId: Endpoint['siteId'],
  endpoints: readonly Endpoint[],
): Promise<EndpointView[]> {
  if (endpoints.length === 0) return [];
  const { nowMs, open, planned } = await sitesNow(deps, scope, [siteId]);
  const byEndpoint = Map.groupBy(open.get(siteId) ?? [], ({ endpointId }) => endpointId);
  const now = { nowMs, isInMaintenance: maintenanceTest(planned.get(siteId) ?? [], nowMs) };
  return endpoints.map(
    (endpoint) => viewEndpoint(deps.runtime, endpoint, byEndpoint.get(endpoint.endpointId) ?? [], now).view,
  );
}

/** The planned windows that are on at this moment, by site. */
async function plannedOn(
  deps: Pick<Deps, 'database'>,
  scope: SiteScope,
  siteIds: readonly SiteId[],
  nowMs: number,
): Promise<Map<SiteId, StoredWindow[]>> {
  const found = await windowsWithin(deps.database.kysely, scope, siteIds, { fromMs: nowMs, toMs: nowMs + 1 });
  return new Map([...found].map(([siteId, windows]) => [siteId, windows.filter(({ plan }) => covers(plan, nowMs))]));
}

type InMaintenance = (endpoint: Pick<Endpoint, 'endpointId' | 'maintenance'>) => boolean;

function maintenanceTest(on: readonly StoredWindow[], nowMs: number): InMaintenance {
  return ({ endpointId, maintenance }) =>
    isWithin(maintenance, nowMs) || on.some((window) => window.endpointId === null || window.endpointId === endpointId);
}

function viewEndpoint(
  runtime: Deps['runtime'],
  endpoint: Endpoint,
  openEvents: readonly EventRecord[],
  { nowMs, isInMaintenance }: { nowMs: number; isInMaintenance: InMaintenance },
): { view: EndpointView; facts: EndpointFacts } {
  const { endpointId, active } = endpoint;
  const latest = runtime.latest(endpointId);
  const counts = latest !== null && !isStale(nowMs - latest.checkedAtMs, endpoint);
  const open = openEvents.map(openEventOf);
  const wasServed = counts && !isAnswered(latest.state) && runtime.wasServed(endpointId);
  const facts = { endpointId, active, latest: counts ? latest.state : null, wasServed, open, outageChecks: null };
  const rolledUp = endpointState({ ...facts, inMaintenance: isInMaintenance(endpoint) });
  return { view: { ...endpoint, latest, rolledUp, openEvents: openEvents.toSorted(byWorst) }, facts };
}

function removalOf(endpoints: readonly Endpoint[]): number | null {
  const removals = endpoints.flatMap(({ removedAtMs }) => (removedAtMs === null ? [] : [removedAtMs]));
  return removals.length === endpoints.length ? Math.max(...removals) : null;
}

function openEventOf(event: EventRecord): OpenEvent {
  const { eventId, checkType, state, severity, startedAtMs } = event;
  return { eventId, checkType, reverse: false, state, severity, startedAtMs };
}
