/**
 * Counts of buckets to which much is added: an array as wide as the buckets that occur, where a map would be asked twice for
 * each. What is in it is told as a histogram.
 */
import type { Histogram } from './histogram.ts';

export interface Tally {
  add(bucket: number, times: number): void;
  histogram(): Histogram;
}

/** Widened by so many at once. */
const STEP = 64;

export function createTally(): Tally {
  let first = 0;
  let counts = new Float64Array(0);

  function widen(bucket: number): void {
    const last = first + counts.length;
    const isEmpty = counts.length === 0;
    const from = Math.floor((isEmpty ? bucket : Math.min(first, bucket)) / STEP) * STEP;
    const to = (Math.floor((isEmpty ? bucket : Math.max(last - 1, bucket)) / STEP) + 1) * STEP;
    const wider = new Float64Array(to - from);
    wider.set(counts, isEmpty ? 0 : first - from);
    first = from;
    counts = wider;
  }

  return {
    add(bucket, times) {
      if (bucket < first || bucket >= first + counts.length) widen(bucket);
      counts[bucket - first] = (counts[bucket - first] ?? 0) + times;
    },
    histogram() {
      const histogram: Histogram = new Map();
      for (let at = 0; at < counts.length; at += 1) {
        const times = counts[at] ?? 0;
        if (times > 0) histogram.set(first + at, times);
      }
      return histogram;
    },
  };
}
