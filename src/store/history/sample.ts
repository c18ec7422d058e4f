/** One look as history keeps it: whole numbers alone, so that it is the same in memory, journal and block. */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Timings } from '../../domain/timings.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Durations that are kept; phases besides these are what `total` has more than they. */
export const PHASES = ['total', 'dns', 'tcp', 'tls', 'ttfb'] as const;

export type Phase = (typeof PHASES)[number];

/** Stands for the status of a look that could not tell (Unknown): kept because the time after it was not observed. */
const BLIND = 65_535;

/** Stands for a phase that was not measured. */
export const ABSENT = -1;

/** In the place of the total of a look that could not tell. */
export const BLIND_TOTAL = -2;

/** Durations in tenths of a millisecond, or `ABSENT`. */
export type Sample = {
  /** Start of the look, whole ms since the epoch. No endpoint is looked at twice in one ms. */
  atMs: number;
  /** 0 when there was no status. See `isBlind`. */
  httpCode: number;
  total: number;
  dns: number;
  tcp: number;
  tls: number;
  ttfb: number;
};

export function emptySample(): Sample {
  return { atMs: 0, httpCode: 0, total: ABSENT, dns: ABSENT, tcp: ABSENT, tls: ABSENT, ttfb: ABSENT };
}

export type SamplesOfEndpoint = {
  endpointId: EndpointId;
  siteId: SiteId;
  /** In the order of time. */
  samples: Sample[];
};

/** Whether the look could not tell. It has no durations and counts as no look. */
export function isBlind({ httpCode }: Pick<Sample, 'httpCode'>): boolean {
  return httpCode === BLIND;
}

/** A look that could not tell, in the shape of one that could. */
export const BLIND_LOOK = { httpCode: BLIND, timings: {} } as const;

const MAX_TENTHS = 2 ** 31 - 1;

export function tenthsOf(ms: number | undefined): number {
  if (ms === undefined || !(ms >= 0)) return ABSENT;
  return Math.min(Math.round(ms * 10), MAX_TENTHS);
}

export function timingsOf(sample: Sample): Timings {
  const timings: Timings = {};
  for (const phase of PHASES) if (sample[phase] !== ABSENT) timings[phase] = sample[phase] / 10;
  return timings;
}

/** In the order of time, each instant once, whichever list it was in. */
export function unionOf(lists: readonly (readonly Sample[])[]): Sample[] {
  const filled = lists.filter((list) => list.length > 0);
  const all = filled.sort((a, b) => (a[0]?.atMs ?? 0) - (b[0]?.atMs ?? 0)).flat();
  // Nearly always: lists of one hour after another.
  if (isOrdered(all)) return all;
  all.sort((a, b) => a.atMs - b.atMs);
  return all.filter((sample, index) => sample.atMs !== all[index - 1]?.atMs);
}

function isOrdered(samples: readonly Sample[]): boolean {
  let before = Number.NEGATIVE_INFINITY;
  for (const { atMs } of samples) {
    if (atMs <= before) return false;
    before = atMs;
  }
  return true;
}

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}
