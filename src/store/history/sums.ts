/** Durations added up as they are read, and the figures that come of them. */
import { bucketOf, count, type Histogram, mergeInto, percentiles } from '../../domain/histogram.ts';

/** Of durations, in ms. Percentiles are within 1 % (or 0.05 ms) of the exact ones. */
export type Figures = {
  minMs: number;
  maxMs: number;
  avgMs: number;
  p50: number;
  p95: number;
  p99: number;
};

/** In tenths of a millisecond; `min` and `max` mean nothing while the histogram is empty. */
export type Sums = { timed: number; sum: number; min: number; max: number; histogram: Histogram };

const SHARES = [0.5, 0.95, 0.99];

export function noSums(): Sums {
  return { timed: 0, sum: 0, min: 0, max: 0, histogram: new Map() };
}

export function addTenths(sums: Sums, tenths: number): void {
  widen(sums, tenths, tenths);
  sums.timed += 1;
  sums.sum += tenths;
  count(sums.histogram, bucketOf(tenths));
}

export function addSums(sums: Sums, more: Pick<Sums, 'sum' | 'min' | 'max' | 'histogram'>): void {
  if (more.histogram.size === 0) return;
  widen(sums, more.min, more.max);
  for (const times of more.histogram.values()) sums.timed += times;
  sums.sum += more.sum;
  mergeInto(sums.histogram, more.histogram);
}

function widen(sums: Sums, min: number, max: number): void {
  const isFirst = sums.timed === 0;
  sums.min = isFirst ? min : Math.min(sums.min, min);
  sums.max = isFirst ? max : Math.max(sums.max, max);
}

/** Null when nothing was timed. */
export function figuresOf({ timed, sum, min, max, histogram }: Sums): Figures | null {
  if (timed === 0) return null;
  // The middle of a bucket may lie outside of what was seen.
  const [p50 = 0, p95 = 0, p99 = 0] = percentiles(histogram, SHARES).map(
    (value) => Math.min(Math.max(value ?? 0, min), max) / 10,
  );
  return { minMs: min / 10, maxMs: max / 10, avgMs: sum / timed / 10, p50, p95, p99 };
}
