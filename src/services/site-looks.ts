/**
 * When somebody looked at a site and at each of its endpoints, judged by what was watched then: who was paused, removed
 * or added, how often it was looked at, and whose looks spoke for the site.
 */
import type { EndpointId } from '../domain/ids.ts';
import type { Interval } from '../domain/incident-intervals.ts';
import { bothHold, type Closed, uncovered } from '../domain/intervals.ts';
import type { RollupRules } from '../domain/rollup-rules.ts';
import {
  type EndpointState,
  type PastEndpoint,
  type PausedSince,
  type SiteStretch,
  siteStretchesInSteps,
  statesOf,
} from '../domain/site-past.ts';
import type { EarlierSettings } from '../store/earlier-settings.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { COVERAGE_GRACE_MS } from '../store/history/pace.ts';
import type { ServiceDeps } from './deps.ts';
import { inTurns } from './in-turns.ts';
import { type StatisticsWindow, tooMuchHappened } from './statistics-window.ts';

export type SiteLooks = {
  past: readonly PastEndpoint[];
  stretches: readonly SiteStretch[];
  /** When the oldest failed look was that is still kept, of any site. */
  keptFromMs: number | null;
  /** When looks came in that told how the site was. */
  ofSite(): Closed[];
  /** Of an endpoint among those that were wanted. */
  of(endpoint: Endpoint): Closed[];
  pausesOf(endpoint: Endpoint): Interval[];
};

type Asked = {
  /** By id. */
  endpoints: readonly Endpoint[];
  window: StatisticsWindow;
  /** Those of which figures of their own are asked. */
  wanted: readonly Endpoint[];
  rules: RollupRules;
  earlier: EarlierSettings;
  keptFromMs: number | null;
};

/** Of more endpoints with a pause of which nobody noted the beginning, it is not looked up. */
const MAX_UNNOTED = 20;
/** At one time few endpoints speak for a site; the history of each that did at any time is read. */
const MAX_SPEAKERS = 60;

/** Throws `invalid_window` where too many endpoints spoke for the site in turns. */
export async function readLooks({ history }: Pick<ServiceDeps, 'history'>, asked: Asked): Promise<SiteLooks> {
  const { endpoints, window, rules, earlier, keptFromMs } = asked;
  const notedOf = ({ endpointId }: Endpoint) => earlier.endpoints.get(endpointId) ?? [];
  const whole = new Map<EndpointId, Closed[]>();
  /** One after the other: each is read in a snapshot, and others have their turn in between. */
  async function readWhole(some: readonly Endpoint[], paceOf: (endpoint: Endpoint) => readonly EndpointState[]) {
    for (const endpoint of some) {
      if (whole.has(endpoint.endpointId)) continue;
      const { fromMs, toMs } = window;
      whole.set(endpoint.endpointId, await history.coverage(endpoint.endpointId, fromMs, toMs, paceOf(endpoint)));
    }
  }

  const statesFrom = (endpoint: Endpoint, pausedSince: PausedSince) => {
    const now = { state: endpoint.active ? 'watched' : 'paused', intervalMs: endpoint.intervalSeconds * 1000 } as const;
    return statesOf(now, notedOf(endpoint), pausedSince);
  };
  const unnoted = endpoints.filter((endpoint) => {
    let isUnnoted = false;
    statesFrom(endpoint, (span) => {
      isUnnoted ||= within(span, window) !== null;
      return span.fromMs;
    });
    return isUnnoted;
  });
  await readWhole(unnoted.slice(0, MAX_UNNOTED), (endpoint) => statesFrom(endpoint, ({ fromMs }) => fromMs));
  const past = endpoints.map((endpoint) => {
    const states = statesFrom(endpoint, ({ toMs }) => {
      const saidMs = toMs === Number.POSITIVE_INFINITY ? saidPausedMs(endpoint) : null;
      return Math.max(saidMs ?? window.fromMs, lastLookMs(endpoint, whole, { ...window, toMs }));
    });
    return { endpointId: endpoint.endpointId, states };
  });
  const statesById = new Map(past.map(({ endpointId, states }) => [endpointId, states]));
  const paceOf = ({ endpointId }: Endpoint) => statesById.get(endpointId) ?? [];
  await readWhole(asked.wanted, paceOf);

  const stretches = await inTurns(siteStretchesInSteps(past, rules, earlier.rules));
  const byId = new Map<EndpointId, Endpoint>(endpoints.map((endpoint) => [endpoint.endpointId, endpoint]));
  const observed: Closed[] = [];
  const spansById = spansByCritical(stretches, window);
  if (spansById.size > MAX_SPEAKERS) throw tooMuchHappened();
  for (const [endpointId, spans] of spansById) {
    const [fromMs, toMs] = [spans[0]?.fromMs ?? window.fromMs, spans.at(-1)?.toMs ?? window.toMs];
    const endpoint = byId.get(endpointId);
    if (endpoint === undefined) continue;
    const covered =
      whole.get(endpointId) ?? (await history.coverage(endpoint.endpointId, fromMs, toMs, paceOf(endpoint)));
    observed.push(...bothHold(covered, spans));
  }

  return {
    past,
    stretches,
    keptFromMs,
    ofSite: () => observed,
    of: ({ endpointId }) => whole.get(endpointId) ?? [],
    pausesOf: (endpoint) =>
      paceOf(endpoint).flatMap(({ fromMs, toMs, state }): Interval[] => {
        if (state !== 'paused') return [];
        if (toMs !== Number.POSITIVE_INFINITY) return [{ fromMs, toMs }];
        // Another program may have paused it without a note: never before its last look.
        return [{ fromMs: Math.max(fromMs, lastLookMs(endpoint, whole, window)), toMs: null }];
      }),
  };
}

/** Null: nobody said. */
function saidPausedMs({ removedAtMs, statusChangedAtMs }: Endpoint): number | null {
  return removedAtMs ?? statusChangedAtMs;
}

/** About when the last look came within a window; its beginning where none did, or where that was not looked up. */
function lastLookMs(
  { endpointId, intervalSeconds }: Endpoint,
  covered: ReadonlyMap<EndpointId, readonly Closed[]>,
  { fromMs, toMs }: StatisticsWindow,
): number {
  const last = covered.get(endpointId)?.findLast((each) => each.fromMs < toMs);
  return last === undefined ? fromMs : last.toMs - intervalSeconds * 1000 - COVERAGE_GRACE_MS;
}

/** When which endpoint spoke for the site, in order and apart. */
function spansByCritical(stretches: readonly SiteStretch[], window: StatisticsWindow): Map<EndpointId, Closed[]> {
  const found = new Map<EndpointId, Closed[]>();
  for (const { critical, ...stretch } of stretches) {
    const span = within(stretch, window);
    if (span === null) continue;
    for (const endpointId of critical) {
      const spans = found.get(endpointId);
      const last = spans?.at(-1);
      if (spans === undefined) found.set(endpointId, [{ ...span }]);
      else if (last?.toMs === span.fromMs) last.toMs = span.toMs;
      else spans.push({ ...span });
    }
  }
  return found;
}

function within({ fromMs, toMs }: Closed, window: StatisticsWindow): Closed | null {
  const span = { fromMs: Math.max(fromMs, window.fromMs), toMs: Math.min(toMs, window.toMs) };
  return span.fromMs < span.toMs ? span : null;
}

/** While each endpoint that was watched then was in maintenance; `maintenance` is of each endpoint, in their order. */
export function maintenanceOfSite(
  window: StatisticsWindow,
  past: readonly PastEndpoint[],
  maintenance: readonly (readonly Interval[])[],
): Closed[] {
  if (maintenance.every((intervals) => intervals.length === 0)) return [];
  const watched = past.map(({ states }) =>
    states.flatMap((each) => (each.state === 'watched' ? (within(each, window) ?? []) : [])),
  );
  const unwatched = uncovered(window, watched.flat());
  const open = watched.flatMap((spans, index) => bothHold(spans, uncovered(window, maintenance[index] ?? [])));
  return uncovered(window, [...open, ...unwatched]);
}
