/**
 * Who of a site was watched when, how often, and by which rules its state was made: what was true then, not what is set
 * now. Where nothing was noted of an earlier time, what came next is taken to have held then.
 */
import type { EndpointId } from './ids.ts';
import { isCritical, type RollupRules } from './rollup-rules.ts';

/** `absent`: it was not there yet. A removed endpoint is paused. */
export type WatchState = 'watched' | 'paused' | 'absent';

/** Half-open, ms since the epoch; infinite at the ends. */
export type EndpointState = { fromMs: number; toMs: number; state: WatchState; intervalMs: number };

/** `states` are adjacent, in order, and of all time. */
export type PastEndpoint = { endpointId: EndpointId; states: readonly EndpointState[] };

/** What held until an instant. */
export type Earlier<What> = What & { untilMs: number };

/** When a pause began of which nobody noted the beginning; before, within the span, it was watched. */
export type PausedSince = (span: { fromMs: number; toMs: number }) => number;

type Held = Pick<EndpointState, 'state' | 'intervalMs'>;

/** The states of an endpoint, from what was noted of it in order. */
export function statesOf(now: Held, earlier: readonly Earlier<Held>[], pausedSince: PausedSince): EndpointState[] {
  const states: EndpointState[] = [];
  let fromMs = Number.NEGATIVE_INFINITY;
  let before: Held | null = null;
  for (const { untilMs: toMs, ...held } of [...earlier, { ...now, untilMs: Number.POSITIVE_INFINITY }]) {
    if (!(toMs > fromMs)) continue;
    const { state, intervalMs } = held;
    const sinceMs = isPauseUnnoted(before, held)
      ? Math.min(toMs, Math.max(fromMs, pausedSince({ fromMs, toMs })))
      : fromMs;
    if (sinceMs > fromMs) states.push({ fromMs, toMs: sinceMs, state: 'watched', intervalMs });
    if (toMs > sinceMs) states.push({ fromMs: sinceMs, toMs, state, intervalMs });
    [fromMs, before] = [toMs, held];
  }
  return states;
}

/**
 * Another program pauses without a note. A note ends with a change of the interval or of watching, or with the endpoint
 * itself: a pause begins there only where it was watched before, as often; and goes on only where that was another interval.
 */
function isPauseUnnoted(before: Held | null, { state, intervalMs }: Held): boolean {
  if (state !== 'paused') return false;
  if (before === null || before.state === 'absent') return true;
  const isSameInterval = before.intervalMs === intervalMs;
  return before.state === 'watched' ? !isSameInterval : isSameInterval;
}

/** A stretch of time in which the same endpoints spoke for the site, by the same rules. */
export type SiteStretch = {
  fromMs: number;
  toMs: number;
  rules: RollupRules;
  /** The first that was watched; where none was, the one before. */
  first: EndpointId | null;
  /** Those whose looks say whether anybody could tell how the site was; see `rollUp`. */
  critical: readonly EndpointId[];
};

/** Of more critical endpoints than this the first ones say when somebody looked at the site. */
const MAX_CRITICAL = 20;

/** Endpoints that are gone through, change by change, before others have their turn. */
const ENDPOINTS_AT_ONCE = 20_000;

/** Of all time, adjacent and in order. `endpoints` by id; `earlier` rules in order. Takes n log n changes by endpoints. */
export function siteStretches(...site: Parameters<typeof siteStretchesInSteps>): SiteStretch[] {
  const steps = siteStretchesInSteps(...site);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** The same, for whoever lets others have their turn in between. */
export function* siteStretchesInSteps(
  endpoints: readonly PastEndpoint[],
  rules: RollupRules,
  earlier: readonly Earlier<{ rules: RollupRules }>[],
): Generator<undefined, SiteStretch[]> {
  const stretches: SiteStretch[] = [];
  const isWatched = endpoints.map(({ states }) => states[0]?.state === 'watched');
  const borders = bordersOf(endpoints, earlier);
  let fromMs = Number.NEGATIVE_INFINITY;
  let rulesAt = 0;
  let spoke: Pick<SiteStretch, 'first' | 'critical'> | null = null;
  let isOther = true;
  let gone = 0;
  for (let at = 0; ; ) {
    const toMs = borders[at]?.atMs ?? Number.POSITIVE_INFINITY;
    const held = earlier[rulesAt]?.rules ?? rules;
    if (isOther) {
      spoke = speakers(endpoints, isWatched, held) ?? spoke;
      gone += endpoints.length;
    }
    if (gone >= ENDPOINTS_AT_ONCE) {
      gone = 0;
      yield;
    }
    isOther = false;
    if (toMs > fromMs) add(stretches, { fromMs, toMs, rules: held, ...(spoke ?? everyone(endpoints, held)) });
    if (at === borders.length) return stretches;
    for (; borders[at]?.atMs === toMs; at += 1) {
      const { endpoint, watched } = borders[at] as Border;
      // What changes how often somebody looks changes nobody who speaks.
      isOther ||= endpoint === null || isWatched[endpoint] !== watched;
      if (endpoint === null) rulesAt += 1;
      else isWatched[endpoint] = watched;
    }
    fromMs = toMs;
  }
}

/** `endpoint` null: the rules changed. */
type Border = { atMs: number; endpoint: number | null; watched: boolean };

function bordersOf(endpoints: readonly PastEndpoint[], earlier: readonly Earlier<unknown>[]): Border[] {
  const borders: Border[] = earlier.map(({ untilMs }) => ({ atMs: untilMs, endpoint: null, watched: false }));
  for (const [endpoint, { states }] of endpoints.entries()) {
    for (const { fromMs, state } of states.slice(1)) {
      borders.push({ atMs: fromMs, endpoint, watched: state === 'watched' });
    }
  }
  return borders.sort((a, b) => a.atMs - b.atMs);
}

/** Null where nobody is watched. */
function speakers(
  endpoints: readonly PastEndpoint[],
  isWatched: readonly boolean[],
  rules: RollupRules,
): Pick<SiteStretch, 'first' | 'critical'> | null {
  const watched = endpoints.filter((_, index) => isWatched[index] === true);
  return watched.length === 0 ? null : everyone(watched, rules);
}

function everyone(watched: readonly PastEndpoint[], rules: RollupRules): Pick<SiteStretch, 'first' | 'critical'> {
  const ids = watched.map(({ endpointId }) => endpointId);
  const first = ids[0] ?? null;
  const critical = ids.filter((endpointId) => isCritical(endpointId, first, rules));
  return { first, critical: (critical.length === 0 ? ids : critical).slice(0, MAX_CRITICAL) };
}

/** Lengthens the last one where nothing is another. */
function add(stretches: SiteStretch[], next: SiteStretch): void {
  const last = stretches.at(-1);
  const isSame =
    last !== undefined &&
    last.rules === next.rules &&
    last.first === next.first &&
    last.critical.length === next.critical.length &&
    last.critical.every((id, index) => id === next.critical[index]);
  if (isSame) last.toMs = next.toMs;
  else stretches.push(next);
}
