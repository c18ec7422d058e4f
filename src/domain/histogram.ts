/**
 * How durations are spread, in a few bytes that can be added up: buckets as wide as their place, so that any percentile
 * is told to 1 %. Values are tenths of a millisecond.
 */
import type { ByteReader, ByteWriter } from '../lib/bytes.ts';

/** Values by bucket. Merged by adding counts; empty buckets are absent. */
export type Histogram = Map<number, number>;

/** Below this each value has a bucket of its own. */
const EXACT = 128;
/** Buckets per doubling: the middle of one is at most 1/128 away from anything in it, which is 0.8 %. */
const PER_DOUBLING = EXACT / 2;
const SHIFT = 6;
const MAX_VALUE = 2 ** 31 - 1;

/** `value` is whole; below 0 counts as 0, and above 59 hours as that. */
export function bucketOf(value: number): number {
  const bounded = Math.min(Math.max(value, 0), MAX_VALUE);
  if (bounded < EXACT) return bounded;
  const shift = 31 - Math.clz32(bounded) - SHIFT;
  return EXACT + (shift - 1) * PER_DOUBLING + (bounded >>> shift) - PER_DOUBLING;
}

/** The middle of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = Math.floor((bucket - EXACT) / PER_DOUBLING) + 1;
  const lowest = (PER_DOUBLING + ((bucket - EXACT) % PER_DOUBLING)) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}

export function count(histogram: Histogram, bucket: number, times = 1): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + times);
}

export function mergeInto(target: Histogram, source: Histogram): void {
  for (const [bucket, times] of source) count(target, bucket, times);
}

/**
 * The values at these shares of the whole (0 to 1), by the rule of spec/04 section 13.4: ordered, the one at place
 * `trunc(share * count + 0.5)`, at least the first, at most the last. Null for each when there is nothing.
 */
export function percentiles(histogram: Histogram, shares: readonly number[]): (number | null)[] {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, times]) => sum + times, 0);
  return shares.map((share) => {
    const place = Math.min(Math.max(Math.trunc(share * total + 0.5), 1), total);
    let passed = 0;
    for (const [bucket, times] of buckets) {
      passed += times;
      if (passed >= place) return middleOf(bucket);
    }
    return null;
  });
}

export function writeHistogram(to: ByteWriter, histogram: Histogram): void {
  to.unsigned(histogram.size);
  let before = 0;
  for (const [bucket, times] of [...histogram].sort(([a], [b]) => a - b)) {
    to.unsigned(bucket - before);
    to.unsigned(times);
    before = bucket;
  }
}

/** Throws RangeError for what is no histogram. */
export function readHistogram(from: ByteReader): Histogram {
  const histogram: Histogram = new Map();
  let bucket = 0;
  for (let left = from.unsigned(); left > 0; left--) {
    const step = from.unsigned();
    bucket += step;
    if (bucket > LAST_BUCKET) throw new RangeError('a bucket that does not exist');
    // As they are written, buckets are in order and each is there once.
    if (step > 0) histogram.set(bucket, from.unsigned());
    else count(histogram, bucket, from.unsigned());
  }
  return histogram;
}

/** Room for the counts of many histograms. Set `length` to 0 to use it again; what was read before is gone then. */
export type Counts = { length: number; values: Float64Array };

const USUAL_COUNTS = 2_048;

export function createCounts(): Counts {
  return { length: 0, values: new Float64Array(USUAL_COUNTS) };
}

/** The same as buckets and how often each is there, in turns: for who adds them up and keeps none. A view into `into`. */
export function readCounts(from: ByteReader, into: Counts): Float64Array {
  const start = into.length;
  let bucket = 0;
  for (let left = from.unsigned(); left > 0; left--) {
    bucket += from.unsigned();
    if (bucket > LAST_BUCKET) throw new RangeError('a bucket that does not exist');
    if (into.length + 2 > into.values.length) widen(into);
    into.values[into.length] = bucket;
    into.values[into.length + 1] = from.unsigned();
    into.length += 2;
  }
  return into.values.subarray(start, into.length);
}

function widen(counts: Counts): void {
  const wider = new Float64Array(counts.values.length * 2);
  wider.set(counts.values);
  counts.values = wider;
}

/** Goes past a histogram that nobody asked for. Throws RangeError where the bytes end. */
export function skipHistogram(from: ByteReader): void {
  from.skip(from.unsigned() * 2);
}

const LAST_BUCKET = bucketOf(MAX_VALUE);
