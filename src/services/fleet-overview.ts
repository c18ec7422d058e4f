/**
 * How many sites are in which state: a walk over the fleet that makes no object of a site, with the same answer as its
 * roll-up. What the log holds of a site is already rolled up there; what it does not is a matter of freshness.
 */
import type { SiteId } from '../domain/ids.ts';
import { couldTell, isStale } from '../domain/rollup.ts';
import { DEFAULT_RULES, isCritical, type RollupRules } from '../domain/rollup-rules.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { isLoggedState, STATES, type State, severityOf } from '../domain/state.ts';
import {
  countOpenEvents,
  openSiteStates,
  type SiteIncidentRow,
  type WalkedEndpoint,
  walkFleet,
} from '../store/fleet-walk.ts';
import { coveredNow } from '../store/maintenance-now.ts';
import { readRules } from '../store/site-rules.ts';
import type { ServiceDeps } from './deps.ts';

export type FleetOverview = {
  /** Without removed ones. */
  sites: number;
  removed: number;
  byState: Record<State, number>;
  bySeverity: Map<number, number>;
  endpoints: number;
  activeEndpoints: number;
  openEvents: Map<string, number>;
  checksPerSecond: number;
  countedAtMs: number;
};

type Deps = Pick<ServiceDeps, 'database' | 'runtime' | 'clock'>;

/** Counts are good for 20 times as long as it took to count, within these bounds. */
const ONE_PART_IN = 20;
const MIN_AGE_MS = 1_000;
const MAX_AGE_MS = 10_000;
/** Tenants whose counts are kept. */
const MOST_KEPT = 200;

/** Whoever asks while it is being counted gets the same counts. */
export function createFleetOverview(deps: Deps): (scope: SiteScope) => Promise<FleetOverview> {
  const { clock } = deps;
  const kept = new Map<string, { counts: Promise<FleetOverview>; freshUntilMs: number }>();

  return (scope) => {
    const key = scope.kind === 'all' ? '' : `tenant ${scope.tenantId}`;
    const beganMs = clock.monotonicMs();
    const known = kept.get(key);
    if (known !== undefined && beganMs < known.freshUntilMs) return known.counts;
    const walk = { counts: countFleet(deps, scope), freshUntilMs: Number.POSITIVE_INFINITY };
    kept.delete(key);
    kept.set(key, walk);
    for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
    walk.counts.then(
      () => {
        const goodForMs = (clock.monotonicMs() - beganMs) * ONE_PART_IN;
        walk.freshUntilMs = beganMs + Math.min(MAX_AGE_MS, Math.max(MIN_AGE_MS, goodForMs));
      },
      () => {
        walk.freshUntilMs = beganMs;
      },
    );
    return walk.counts;
  };
}

async function countFleet({ database, runtime, clock }: Deps, scope: SiteScope): Promise<FleetOverview> {
  const nowMs = clock.nowMs();
  const [logged, openEvents, isCovered] = await Promise.all([
    openSiteStates(database, scope),
    countOpenEvents(database, scope),
    coveredNow(database.kysely, scope, nowMs),
  ]);
  const counts = emptyCounts(openEvents, nowMs);
  let site: WalkedEndpoint[] = [];
  let rules = new Map<SiteId, RollupRules>();

  function canTell(endpoint: WalkedEndpoint): boolean {
    const { endpointId } = endpoint;
    if (!couldTell({ latest: runtime.stateOf(endpointId), wasServed: runtime.wasServed(endpointId) })) return false;
    const latest = runtime.latest(endpoint.endpointId);
    return latest !== null && !isStale(nowMs - latest.checkedAtMs, endpoint);
  }

  function finish(): void {
    const [first] = site;
    if (first !== undefined) {
      countSite(counts, site, logged.get(first.siteId) ?? null, rules.get(first.siteId) ?? DEFAULT_RULES, canTell);
    }
    site = [];
  }

  for await (const page of walkFleet(database, scope, nowMs)) {
    // A site may have begun on the page before.
    rules = await rulesOf(database, scope, [...site, ...page]);
    for (const endpoint of page) {
      if (site[0] !== undefined && site[0].siteId !== endpoint.siteId) finish();
      site.push(isCovered(endpoint) ? { ...endpoint, inMaintenance: true } : endpoint);
    }
  }
  finish();
  return counts;
}

function emptyCounts(openEvents: Map<string, number>, countedAtMs: number): FleetOverview {
  const byState = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  const none = { sites: 0, removed: 0, endpoints: 0, activeEndpoints: 0, checksPerSecond: 0 };
  return { ...none, byState, bySeverity: new Map(), openEvents, countedAtMs };
}

function countSite(
  counts: FleetOverview,
  endpoints: readonly WalkedEndpoint[],
  logged: SiteIncidentRow | null,
  rules: RollupRules,
  canTell: (endpoint: WalkedEndpoint) => boolean,
): void {
  const kept = endpoints.filter(({ removed }) => !removed);
  if (kept.length === 0) {
    counts.removed += 1;
    return;
  }
  const watched = kept.filter(({ active }) => active);
  counts.sites += 1;
  counts.endpoints += kept.length;
  counts.activeEndpoints += watched.length;
  for (const { intervalSeconds } of watched) counts.checksPerSecond += 1 / intervalSeconds;
  const { state, severity } = stateOf(watched, logged, rules, canTell);
  counts.byState[state] += 1;
  counts.bySeverity.set(severity, (counts.bySeverity.get(severity) ?? 0) + 1);
}

/** As `rollUp`, of what is rolled up in the log already. */
function stateOf(
  watched: readonly WalkedEndpoint[],
  logged: SiteIncidentRow | null,
  rules: RollupRules,
  canTell: (endpoint: WalkedEndpoint) => boolean,
): { state: State; severity: number } {
  const plain = (state: State) => ({ state, severity: severityOf(state) });
  if (watched.length === 0) return plain('Paused');
  if (watched.every(({ inMaintenance }) => inMaintenance)) return plain('Maintenance');
  if (logged !== null && isLoggedState(logged.state) && logged.state !== 'Paused') {
    return { state: logged.state, severity: logged.severity };
  }
  const first = watched[0]?.endpointId ?? null;
  const critical = watched.filter(({ endpointId }) => isCritical(endpointId, first, rules));
  return plain((critical.length === 0 ? watched : critical).some(canTell) ? 'Up' : 'Unknown');
}

/** Sites with one endpoint need none: it is the one that counts, whatever they say. */
async function rulesOf(
  { kysely }: Deps['database'],
  scope: SiteScope,
  page: readonly WalkedEndpoint[],
): Promise<Map<SiteId, RollupRules>> {
  const several = new Set<SiteId>();
  for (const [at, { siteId }] of page.entries()) if (at > 0 && page[at - 1]?.siteId === siteId) several.add(siteId);
  const found = new Map<SiteId, RollupRules>();
  const siteIds = [...several];
  for (let from = 0; from < siteIds.length; from += SITES_PER_QUERY) {
    for (const [siteId, rules] of await readRules(kysely, scope, siteIds.slice(from, from + SITES_PER_QUERY))) {
      found.set(siteId, rules);
    }
  }
  return found;
}

const SITES_PER_QUERY = 500;
