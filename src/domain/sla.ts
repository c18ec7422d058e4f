/**
 * How long a site or endpoint was in which state within a window, to the millisecond, and the uptime that follows
 * (spec/04 section 13.3). Trouble of the monitor is Unknown: it leaves the reckoning and never adds downtime.
 */
import type { IncidentInterval, Interval } from './incident-intervals.ts';
import { severityOf } from './state.ts';

export type SlaInput = {
  /** Half-open, whole ms since the epoch. What lasts is taken to last until its end: end it at the present, not later. */
  window: { fromMs: number; toMs: number };
  /** In any order, of any number of events, as they overlap: see `transitionsToIntervals`. */
  incidents: readonly IncidentInterval[];
  /** When looks came in that could tell. */
  observed: readonly Interval[];
  paused: readonly Interval[];
  maintenance: readonly Interval[];
  /**
   * When it is known that nobody looked: Unknown, whatever was open, so that a stop of the monitor makes no outage longer.
   * It ends no outage either.
   */
  unwatched?: readonly Interval[];
};

export type SlaOptions = {
  /** `include`: maintenance is monitored time without downtime, as if up. */
  maintenance: 'exclude' | 'include';
  /** `separate`: neither up nor down, and no part of the monitored time. */
  degraded: 'up' | 'separate';
  seemsDown: 'down' | 'up' | 'separate';
  /** What Seems Down and Down were when the event ended as a false alarm. */
  falseAlarms: 'unknown' | 'down';
};

/** Whatever was down counts, confirmed or not; a false alarm was the failure of the monitor, so it is Unknown. */
export const DEFAULT_SLA_OPTIONS: SlaOptions = {
  maintenance: 'exclude',
  degraded: 'up',
  seemsDown: 'down',
  falseAlarms: 'unknown',
};

export type SlaState = 'up' | 'warning' | 'degraded' | 'seemsDown' | 'down' | 'paused' | 'maintenance' | 'unknown';

export type SlaReport = {
  /** ms in each state; the sum is exactly the length of the window. Paused > maintenance > worst incident > unknown > up. */
  ms: Readonly<Record<SlaState, number>>;
  /** Monitored time: what uptime is a share of. */
  monitoredMs: number;
  downtimeMs: number;
  /** From 0 to 1; null when nothing was monitored. */
  uptime: number | null;
  /** Share of the time without a pause in which looks came in that could tell; null when it was paused throughout. */
  coverage: number | null;
  outages: Outages;
};

/**
 * Outages are stretches in which at least one incident counts as down, so failures that overlap or follow each other
 * to the millisecond are one. One that maintenance or a pause interrupts stays one; one they cover altogether is none.
 */
export type Outages = {
  count: number;
  /** Mean downtime of an outage, whole ms; null without one. */
  meanTimeToRepairMs: number | null;
  /** Monitored time that was not down, by outage, whole ms; null without one. */
  meanTimeBetweenFailuresMs: number | null;
};

/** Takes n log n for n intervals. Throws `RangeError` for a window that is not one; empty and foreign intervals are left out. */
export function measureSla(input: SlaInput, options: SlaOptions = DEFAULT_SLA_OPTIONS): SlaReport {
  const swept = sweep(input, options);
  const { ms } = swept;
  const downtimeMs = ms.down + (options.seemsDown === 'down' ? ms.seemsDown : 0);
  const leftOutMs =
    ms.paused +
    ms.unknown +
    (options.maintenance === 'exclude' ? ms.maintenance : 0) +
    (options.degraded === 'separate' ? ms.degraded : 0) +
    (options.seemsDown === 'separate' ? ms.seemsDown : 0);
  const lengthMs = input.window.toMs - input.window.fromMs;
  const monitoredMs = lengthMs - leftOutMs;
  const watchedMs = lengthMs - ms.paused;
  const count = swept.outages;
  return {
    ms,
    monitoredMs,
    downtimeMs,
    uptime: monitoredMs === 0 ? null : (monitoredMs - downtimeMs) / monitoredMs,
    coverage: watchedMs === 0 ? null : swept.observedMs / watchedMs,
    outages: {
      count,
      meanTimeToRepairMs: count === 0 ? null : Math.trunc(downtimeMs / count),
      meanTimeBetweenFailuresMs: count === 0 ? null : Math.trunc((monitoredMs - downtimeMs) / count),
    },
  };
}

/** A stretch in which incidents count as down, also where a pause, maintenance or time unwatched covers a part of it. */
export type Outage = {
  fromMs: number;
  /** Null while it lasts. */
  toMs: number | null;
  /** ms of it that count as downtime and lie in the window. */
  downtimeMs: number;
  worst: 'seemsDown' | 'down';
};

/**
 * The outages that `measureSla` counts in the window, in their order, each from its true beginning to its true end as
 * far as `incidents` tell. Throws as that does.
 */
export function listOutages(input: SlaInput, options: SlaOptions = DEFAULT_SLA_OPTIONS): Outage[] {
  const { window, incidents } = input;
  const { fromMs, toMs } = widened(window, incidents);
  const outages: Outage[] = [];
  let last: Outage = { fromMs, toMs: fromMs, downtimeMs: 0, worst: 'seemsDown' };
  walk({ ...input, window: { fromMs, toMs } }, options, (startMs, endMs, state, holding) => {
    const failure = failureOf(holding, options);
    if (failure === null) {
      last.toMs ??= fromMs + startMs;
      return;
    }
    if (last.toMs !== null) {
      last = { fromMs: fromMs + startMs, toMs: null, downtimeMs: 0, worst: failure };
      outages.push(last);
    }
    if (failure === 'down') last.worst = 'down';
    if (isJudged(state, holding)) last.downtimeMs += overlapMs(fromMs + startMs, fromMs + endMs, window);
  });
  if (!incidents.some((each) => each.toMs === null && isFailure(each, options))) last.toMs ??= toMs;
  return outages.filter(({ downtimeMs }) => downtimeMs > 0);
}

/** So far that no incident reaches beyond it. */
function widened({ fromMs, toMs }: SlaInput['window'], incidents: SlaInput['incidents']): SlaInput['window'] {
  const wide = { fromMs, toMs };
  for (const each of incidents) {
    wide.fromMs = Math.min(wide.fromMs, Math.floor(each.fromMs));
    wide.toMs = Math.max(wide.toMs, Math.floor(each.toMs ?? wide.toMs));
  }
  return wide;
}

function isFailure(incident: IncidentInterval, options: SlaOptions): boolean {
  const layer = layerOf(incident, options);
  return layer === 'down' || (layer === 'seemsDown' && options.seemsDown === 'down');
}

function overlapMs(fromMs: number, toMs: number, window: SlaInput['window']): number {
  return Math.max(0, Math.min(toMs, window.toMs) - Math.max(fromMs, window.fromMs));
}

/** What can be the case at a moment, worst first: the first that holds names its state. */
const LAYERS = [
  'paused',
  'maintenance',
  'unwatched',
  'down',
  'seemsDown',
  'degraded',
  'warning',
  'unknown',
  'observed',
] as const;

type Layer = (typeof LAYERS)[number];

function layerOf({ severity, isFalseAlarm }: IncidentInterval, options: SlaOptions): Layer | null {
  if (severity >= severityOf('Seems Down')) {
    if (isFalseAlarm && options.falseAlarms === 'unknown') return 'unknown';
    return severity >= severityOf('Down') ? 'down' : 'seemsDown';
  }
  if (severity >= severityOf('Degraded')) return 'degraded';
  return severity >= severityOf('Warning') ? 'warning' : null;
}

type Holding = Record<Layer, number>;

/** A span between two borders, in ms from the start of the window; what holds in it is not the caller's to keep. */
type Visit = (fromMs: number, toMs: number, state: SlaState, holding: Readonly<Holding>) => void;

/** Adds up the time between the borders, state by state. */
function sweep(input: SlaInput, options: SlaOptions) {
  const ms: Record<SlaState, number> = {
    up: 0,
    warning: 0,
    degraded: 0,
    seemsDown: 0,
    down: 0,
    paused: 0,
    maintenance: 0,
    unknown: 0,
  };
  let observedMs = 0;
  let outages = 0;
  let isCounted = false;
  walk(input, options, (fromMs, toMs, state, holding) => {
    ms[state] += toMs - fromMs;
    if (holding.observed > 0 && state !== 'paused') observedMs += toMs - fromMs;
    if (failureOf(holding, options) === null) isCounted = false;
    else if (!isCounted && isJudged(state, holding)) {
      isCounted = true;
      outages += 1;
    }
  });
  return { ms, observedMs, outages };
}

/** What counts as down then, whether anything covers it or not. */
function failureOf({ down, seemsDown }: Readonly<Holding>, options: SlaOptions): 'down' | 'seemsDown' | null {
  if (down > 0) return 'down';
  return seemsDown > 0 && options.seemsDown === 'down' ? 'seemsDown' : null;
}

function isJudged(state: SlaState, { unwatched }: Readonly<Holding>): boolean {
  return state !== 'paused' && state !== 'maintenance' && unwatched === 0;
}

/** Walks over the borders of all intervals in their order and counts, layer by layer, what holds between them. */
function walk(input: SlaInput, options: SlaOptions, visit: Visit): void {
  const holding: Holding = {
    paused: 0,
    maintenance: 0,
    unwatched: 0,
    down: 0,
    seemsDown: 0,
    degraded: 0,
    warning: 0,
    unknown: 0,
    observed: 0,
  };
  let doneMs = 0;
  const all = borders(input, options);
  // By index: an iterator makes an object of each number.
  for (let nth = 0; nth < all.length; nth += 1) {
    const border = all[nth] ?? 0;
    const atMs = Math.floor(border / CODES);
    const code = border - atMs * CODES;
    const layer = LAYERS[code >> 1];
    if (layer === undefined) continue;
    if (atMs > doneMs) visit(doneMs, atMs, stateOf(holding), holding);
    doneMs = atMs;
    holding[layer] += code % 2 === 0 ? 1 : -1;
  }
  const lengthMs = input.window.toMs - input.window.fromMs;
  if (lengthMs > doneMs) visit(doneMs, lengthMs, stateOf(holding), holding);
}

function stateOf(holding: Holding): SlaState {
  for (const layer of LAYERS) {
    if (holding[layer] === 0) continue;
    if (layer === 'observed') return 'up';
    return layer === 'unwatched' ? 'unknown' : layer;
  }
  return 'unknown';
}

/** A border is one number, so that a plain numeric sort brings all of them in order: its time, its layer, begin or end. */
const CODES = LAYERS.length * 2;

/** Longest window whose borders are exact as numbers: beyond 15,000 years. */
const MAX_WINDOW_MS = Math.floor(Number.MAX_SAFE_INTEGER / CODES) - 1;

function borders(input: SlaInput, options: SlaOptions): Float64Array {
  const { incidents, observed, paused, maintenance, unwatched = [], window } = input;
  const lengthMs = window.toMs - window.fromMs;
  if (!Number.isSafeInteger(window.fromMs) || !Number.isSafeInteger(window.toMs)) {
    throw new RangeError('a window has two ends in whole ms');
  }
  if (lengthMs < 0 || lengthMs > MAX_WINDOW_MS)
    throw new RangeError('a window ends after it begins, within 15,000 years');
  const intervals = incidents.length + observed.length + paused.length + maintenance.length + unwatched.length;
  const found = new Float64Array(2 * intervals);
  let count = 0;
  function add({ fromMs, toMs }: Interval, layer: Layer | null): void {
    const from = Math.max(0, Math.floor(fromMs) - window.fromMs);
    const to = Math.min(lengthMs, toMs === null ? lengthMs : Math.floor(toMs) - window.fromMs);
    if (layer === null || !(to > from)) return;
    const code = LAYERS.indexOf(layer) * 2;
    found[count++] = from * CODES + code;
    found[count++] = to * CODES + code + 1;
  }
  for (const each of incidents) add(each, layerOf(each, options));
  for (const each of observed) add(each, 'observed');
  for (const each of paused) add(each, 'paused');
  for (const each of maintenance) add(each, 'maintenance');
  for (const each of unwatched) add(each, 'unwatched');
  return found.subarray(0, count).sort();
}
