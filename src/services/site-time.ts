/**
 * What is known of a site over a stretch of time: what was open on it and on each endpoint, when somebody looked, when it
 * was paused or in maintenance. Everything that figures of its time are made of, read once.
 */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { type IncidentInterval, type Interval, transitionsToIntervals } from '../domain/incident-intervals.ts';
import { allHold, uncovered } from '../domain/intervals.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import { DEFAULT_RULES, isCritical, type RollupRules } from '../domain/rollup-rules.ts';
import { type Finding, siteIncidents } from '../domain/site-incidents.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { SlaInput } from '../domain/sla.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { COVERAGE_GRACE_MS } from '../store/history/reads.ts';
import { windowsWithin } from '../store/maintenance-windows.ts';
import { readRules } from '../store/site-rules.ts';
import { readTimeLines, type TimeLine } from '../store/time-lines.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { endpointMaintenance } from './maintenance-intervals.ts';
import { type StatisticsWindow, tooMuchHappened } from './statistics-window.ts';

export type StatisticsDeps = Pick<ServiceDeps, 'database' | 'endpoints' | 'history' | 'clock'>;

export type SiteTime = {
  window: StatisticsWindow;
  /** All of them, in the order they were added. */
  endpoints: readonly Endpoint[];
  /** What was open, the site's own events not among it. */
  findings: readonly TimedFinding[];
  site(): SlaInput;
  /** Of an endpoint among those that were asked for. */
  ofEndpoint(endpoint: Endpoint): SlaInput;
};

export type TimedFinding = Finding & Pick<TimeLine, 'startedAtMs'> & { endedAtMs: number | null };

/** Of more critical endpoints than this the first ones say when somebody looked at the site. */
const MAX_CRITICAL = 20;

/** `wanted`: the endpoints of which figures of their own are asked. Throws `site_not_found`, `invalid_window`. */
export async function readSiteTime(
  deps: StatisticsDeps,
  scope: SiteScope,
  {
    siteId,
    window,
    wanted,
  }: { siteId: SiteId; window: StatisticsWindow; wanted(all: readonly Endpoint[]): Endpoint[] },
): Promise<SiteTime> {
  const endpoints = await deps.endpoints.bySite(scope, siteId);
  if (endpoints.length === 0) throw siteNotFound(siteId);
  // At once: while the database looks for the one, the other is made sense of.
  const [lines, planned, { rules, critical, coverage, keptFromMs }] = await Promise.all([
    readTimeLines(deps.database, scope, { siteId, ...window }),
    windowsWithin(deps.database.kysely, scope, [siteId], window),
    readLooks(deps, { siteId, endpoints, window, wanted: wanted(endpoints) }),
  ]);
  if (lines === null) throw tooMuchHappened();
  const findings = lines.filter(({ checkType }) => checkType !== SITE_STATE_CHECK).map(findingOf);
  const own = lines.filter(({ checkType }) => checkType === SITE_STATE_CHECK).flatMap(intervalsOf);
  const windows = planned.get(siteId) ?? [];
  const maintenanceOf = (endpoint: Endpoint): Interval[] =>
    endpointMaintenance(endpoint, windows, { startMs: window.fromMs, endMs: window.toMs }).map(
      ({ startMs, endMs }) => ({
        fromMs: startMs,
        toMs: endMs,
      }),
    );
  const pausedSite = own.filter(({ severity }) => severity === 0);

  function input(incidents: readonly IncidentInterval[], observed: Interval[], rest: Covers): SlaInput {
    return { window, incidents, observed, unwatched: unwatchedIn(window, observed, keptFromMs), ...rest };
  }

  return {
    window,
    endpoints,
    findings,
    site() {
      const record = { own: own.filter(({ severity }) => severity > 0), findings, endpoints, rules };
      const observed = critical.flatMap(({ endpointId }) => coverage.get(endpointId) ?? []);
      const watched = endpoints.filter(({ active }) => active);
      const maintenance = allHold(window, (watched.length === 0 ? endpoints : watched).map(maintenanceOf));
      return input(siteIncidents(record), observed, { paused: pausedSite, maintenance });
    },
    ofEndpoint(endpoint) {
      const incidents = findings.filter(({ endpointId }) => endpointId === endpoint.endpointId);
      const observed = coverage.get(endpoint.endpointId) ?? [];
      const paused = [...pausedSite, ...pauseOf(endpoint, observed, window)];
      return input(
        incidents.flatMap(({ intervals }) => intervals),
        observed,
        { paused, maintenance: maintenanceOf(endpoint) },
      );
    },
  };
}

/** Who looked when, and whose looks speak for the site. */
async function readLooks(
  deps: StatisticsDeps,
  asked: { siteId: SiteId; endpoints: readonly Endpoint[]; window: StatisticsWindow; wanted: readonly Endpoint[] },
) {
  const { siteId, endpoints, window, wanted } = asked;
  const rules = (await readRules(deps.database.kysely, [siteId])).get(siteId) ?? DEFAULT_RULES;
  const critical = criticalOf(endpoints, rules);
  const coverage = await coverageOf(deps, [...new Set([...critical, ...wanted])], window);
  return { rules, critical, coverage, keptFromMs: await deps.history.oldestFailureMs() };
}

type Covers = Pick<SlaInput, 'paused' | 'maintenance'>;

function intervalsOf({ changes, startedAtMs }: TimeLine): IncidentInterval[] {
  return transitionsToIntervals(changes, startedAtMs);
}

function findingOf(line: TimeLine): TimedFinding {
  const { eventId, endpointId, checkType, startedAtMs, changes } = line;
  const last = changes.at(-1);
  const endedAtMs = last?.severityAfter === null ? last.changedAtMs : null;
  return { eventId, endpointId, checkType, startedAtMs, endedAtMs, intervals: intervalsOf(line) };
}

/** Those whose looks say whether anybody could tell how the site was; see `rollUp`. By the rules of today. */
function criticalOf(endpoints: readonly Endpoint[], rules: RollupRules): Endpoint[] {
  const watched = endpoints.filter(({ active }) => active);
  const asked = watched.length === 0 ? endpoints : watched;
  const first = asked[0]?.endpointId ?? null;
  const critical = asked.filter(({ endpointId }) => isCritical(endpointId, first, rules));
  return (critical.length === 0 ? asked : critical).slice(0, MAX_CRITICAL);
}

/** One after the other: each is read in a snapshot, and others have their turn in between. */
async function coverageOf(
  { history }: StatisticsDeps,
  endpoints: readonly Endpoint[],
  { fromMs, toMs }: StatisticsWindow,
): Promise<Map<EndpointId, Interval[]>> {
  const found = new Map<EndpointId, Interval[]>();
  for (const { endpointId, intervalSeconds } of endpoints) {
    found.set(endpointId, await history.coverage(endpointId, fromMs, toMs, intervalSeconds * 1000));
  }
  return found;
}

/**
 * When nobody looked although every failed look of that time is kept. Before the oldest of them, looks that failed may be
 * gone by age: there, events say alone how long something was down.
 */
function unwatchedIn(window: StatisticsWindow, observed: readonly Interval[], keptFromMs: number | null): Interval[] {
  if (keptFromMs === null || keptFromMs >= window.toMs) return [];
  return uncovered({ fromMs: Math.max(window.fromMs, keptFromMs), toMs: window.toMs }, observed);
}

/**
 * Since when an endpoint is paused by itself: the log has no record of that, the registry says it to the second. Never
 * before its last look.
 */
function pauseOf(endpoint: Endpoint, observed: readonly Interval[], { fromMs }: StatisticsWindow): Interval[] {
  const { active, removedAtMs, statusChangedAtMs, intervalSeconds } = endpoint;
  if (active) return [];
  const saidMs = removedAtMs ?? statusChangedAtMs ?? fromMs;
  const untilMs = observed.at(-1)?.toMs ?? null;
  const lastLookMs = untilMs === null ? fromMs : untilMs - intervalSeconds * 1000 - COVERAGE_GRACE_MS;
  return [{ fromMs: Math.max(saidMs, lastLookMs), toMs: null }];
}
