/**
 * What is known of a site over a stretch of time: what was open on it and on each endpoint, when somebody looked, when it
 * was paused or in maintenance. Everything that figures of its time are made of, read once.
 */
import type { SiteId } from '../domain/ids.ts';
import type { IncidentInterval, Interval } from '../domain/incident-intervals.ts';
import { uncovered } from '../domain/intervals.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import { DEFAULT_RULES } from '../domain/rollup-rules.ts';
import { siteIncidentsInSteps } from '../domain/site-incidents.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import type { SlaInput } from '../domain/sla.ts';
import { earlierSettings } from '../store/earlier-settings.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { TimeLine } from '../store/kept-lines.ts';
import { windowsWithin } from '../store/maintenance-windows.ts';
import { readRules } from '../store/site-rules.ts';
import { readTimeLines } from '../store/time-lines.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { inTurns } from './in-turns.ts';
import { endpointMaintenance } from './maintenance-intervals.ts';
import { maintenanceOfSite, readLooks } from './site-looks.ts';
import { type StatisticsWindow, tooMuchHappened } from './statistics-window.ts';

export type StatisticsDeps = Pick<ServiceDeps, 'database' | 'endpoints' | 'history' | 'clock'>;

export type SiteTime = {
  window: StatisticsWindow;
  /** All of them, in the order they were added. */
  endpoints: readonly Endpoint[];
  /** What was open, the site's own events not among it. */
  findings: readonly TimedFinding[];
  site(): Promise<SlaInput>;
  /** Of an endpoint among those that were asked for. */
  ofEndpoint(endpoint: Endpoint): SlaInput;
};

export type TimedFinding = TimeLine;

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
  const settings = Promise.all([deps.endpoints.bySite(scope, siteId), readPast(deps, scope, siteId, window)]);
  const [[endpoints], planned, lines, looks] = await Promise.all([
    settings,
    windowsWithin(deps.database.kysely, scope, [siteId], window),
    // At once: while the database looks for the one, the other is made sense of.
    readTimeLines(deps.database, scope, { siteId, ...window }),
    settings.then(([endpoints, past]) => {
      if (endpoints.length === 0) throw siteNotFound(siteId);
      if (past === null) throw tooMuchHappened();
      return readLooks(deps, { endpoints, window, wanted: wanted(endpoints), ...past });
    }),
  ]);
  if (lines === null) throw tooMuchHappened();
  const findings = lines.filter(({ checkType }) => checkType !== SITE_STATE_CHECK);
  const own = lines.filter(({ checkType }) => checkType === SITE_STATE_CHECK).flatMap(({ intervals }) => intervals);
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
    return { window, incidents, observed, unwatched: unwatchedIn(window, observed, looks.keptFromMs), ...rest };
  }

  return {
    window,
    endpoints,
    findings,
    async site() {
      const record = { own: own.filter(({ severity }) => severity > 0), findings, stretches: looks.stretches };
      const maintenance = maintenanceOfSite(window, looks.past, endpoints.map(maintenanceOf));
      return input(await inTurns(siteIncidentsInSteps(record)), looks.ofSite(), { paused: pausedSite, maintenance });
    },
    ofEndpoint(endpoint) {
      const incidents = findings.filter(({ endpointId }) => endpointId === endpoint.endpointId);
      const paused = [...pausedSite, ...looks.pausesOf(endpoint)];
      return input(
        incidents.flatMap(({ intervals }) => intervals),
        looks.of(endpoint),
        { paused, maintenance: maintenanceOf(endpoint) },
      );
    },
  };
}

/** How it was set up, now and earlier. Null where that changed too often. */
async function readPast(deps: StatisticsDeps, scope: SiteScope, siteId: SiteId, { fromMs }: StatisticsWindow) {
  const { kysely } = deps.database;
  const [rules, earlier, keptFromMs] = await Promise.all([
    readRules(kysely, scope, [siteId]),
    earlierSettings(kysely, scope, siteId, fromMs),
    deps.history.oldestFailureMs(EVERY_SITE),
  ]);
  if (earlier === null) return null;
  return { rules: rules.get(siteId) ?? DEFAULT_RULES, earlier, keptFromMs };
}

type Covers = Pick<SlaInput, 'paused' | 'maintenance'>;

/**
 * When nobody looked although every failed look of that time is kept. Before the oldest of them, looks that failed may be
 * gone by age: there, events say alone how long something was down.
 */
function unwatchedIn(window: StatisticsWindow, observed: readonly Interval[], keptFromMs: number | null): Interval[] {
  if (keptFromMs === null || keptFromMs >= window.toMs) return [];
  return uncovered({ fromMs: Math.max(window.fromMs, keptFromMs), toMs: window.toMs }, observed);
}
