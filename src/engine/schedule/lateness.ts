/** How late looks were begun of late, as a histogram in typed arrays: this half minute and the one before it. */
import { bucketOf, middleOf } from '../../domain/histogram.ts';
import type { Clock } from '../../lib/clock.ts';

/** Milliseconds over the last 30 to 60 s; null when nothing was begun. */
export type Lateness = { p50: number | null; p99: number | null; max: number | null };

const TURN_MS = 30_000;
/** A day and a half, in tenths of a millisecond. */
const MAX_TENTHS = 2 ** 30;
const BUCKETS = bucketOf(MAX_TENTHS) + 1;

export function createLateness(clock: Clock) {
  let current = new Uint32Array(BUCKETS);
  let before = new Uint32Array(BUCKETS);
  let turnedAtMs = clock.monotonicMs();

  function turn(nowMs: number): void {
    if (nowMs - turnedAtMs < TURN_MS) return;
    const isLongAgo = nowMs - turnedAtMs >= 2 * TURN_MS;
    [current, before] = [before, current];
    current.fill(0);
    if (isLongAgo) before.fill(0);
    turnedAtMs = nowMs;
  }

  function at(share: number): number | null {
    let total = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) total += (current[bucket] ?? 0) + (before[bucket] ?? 0);
    if (total === 0) return null;
    const place = Math.max(1, Math.ceil(share * total));
    let passed = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      passed += (current[bucket] ?? 0) + (before[bucket] ?? 0);
      if (passed >= place) return middleOf(bucket) / 10;
    }
    return null;
  }

  return {
    add(lateMs: number, nowMs: number): void {
      turn(nowMs);
      const bucket = bucketOf(Math.min(Math.max(0, Math.round(lateMs * 10)), MAX_TENTHS));
      current[bucket] = (current[bucket] ?? 0) + 1;
    },
    read(): Lateness {
      turn(clock.monotonicMs());
      return { p50: at(0.5), p99: at(0.99), max: at(1) };
    },
  };
}
