/** Durations added up as they are read, and the figures that come of them. */
import { bucketOf, percentiles } from '../../domain/histogram.ts';
import { createTally, type Tally } from '../../domain/tally.ts';
import type { StoredFigures } from './light-block.ts';

/** Of durations, in ms. Percentiles are within 1 % (or 0.05 ms) of the exact ones. */
export type Figures = {
  minMs: number;
  maxMs: number;
  avgMs: number;
  p50: number;
  p95: number;
  p99: number;
};

/** In tenths of a millisecond; `min` and `max` mean nothing while nothing was timed. */
export type Sums = { timed: number; sum: number; min: number; max: number; tally: Tally };

const SHARES = [0.5, 0.95, 0.99];

export function noSums(): Sums {
  return { timed: 0, sum: 0, min: 0, max: 0, tally: createTally() };
}

export function addTenths(sums: Sums, tenths: number): void {
  widen(sums, tenths, tenths);
  sums.timed += 1;
  sums.sum += tenths;
  sums.tally.add(bucketOf(tenths), 1);
}

export function addSums(sums: Sums, { sum, min, max, counts }: StoredFigures): void {
  if (counts.length === 0) return;
  widen(sums, min, max);
  for (let at = 0; at < counts.length; at += 2) {
    const times = counts[at + 1] ?? 0;
    sums.timed += times;
    sums.tally.add(counts[at] ?? 0, times);
  }
  sums.sum += sum;
}

function widen(sums: Sums, min: number, max: number): void {
  const isFirst = sums.timed === 0;
  sums.min = isFirst ? min : Math.min(sums.min, min);
  sums.max = isFirst ? max : Math.max(sums.max, max);
}

/** Null when nothing was timed. */
export function figuresOf({ timed, sum, min, max, tally }: Sums): Figures | null {
  if (timed === 0) return null;
  // The middle of a bucket may lie outside of what was seen.
  const [p50 = 0, p95 = 0, p99 = 0] = percentiles(tally.histogram(), SHARES).map(
    (value) => Math.min(Math.max(value ?? 0, min), max) / 10,
  );
  return { minMs: min / 10, maxMs: max / 10, avgMs: sum / timed / 10, p50, p95, p99 };
}
