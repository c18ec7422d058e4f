/** How often looks come, as it was at each time: by that it is told whether somebody watched between two of them. */
import type { WatchState } from '../../domain/site-past.ts';

/** From when on which interval held, in order; the first one also before. Not empty. Without a state it was watched. */
export type Pace = readonly { fromMs: number; intervalMs: number; state?: WatchState }[];

/** How much later than its interval a look may come and still be in time. */
export const COVERAGE_GRACE_MS = 30_000;

/** Until when another look is in time, of a look that came at an instant. */
export type InTime = (lookMs: number) => number;

export function within(joinMs: number): InTime {
  return (lookMs) => lookMs + joinMs;
}

/**
 * So many intervals after a look, and a grace. Where the interval changes before that is over, so many of the new ones
 * after the change are in time as well. At the end of a pause it is over: what was seen before says nothing any more.
 */
export function inTime(pace: Pace, intervals: number): InTime {
  const untilNext = byInterval(pace, intervals);
  const resumes = pace.flatMap(({ fromMs, state }, at) =>
    state === 'watched' && pace[at - 1]?.state === 'paused' ? [fromMs] : [],
  );
  if (resumes.length === 0) return untilNext;
  return (lookMs) => {
    const resumedMs = resumes.find((each) => each > lookMs);
    return Math.min(untilNext(lookMs), resumedMs ?? Number.POSITIVE_INFINITY);
  };
}

function byInterval(pace: Pace, intervals: number): InTime {
  const lasts = pace.map(({ intervalMs }) => intervals * intervalMs + COVERAGE_GRACE_MS);
  const [first = COVERAGE_GRACE_MS] = lasts;
  if (lasts.every((each) => each === first)) return within(first);
  return (lookMs) => {
    let at = pace.findLastIndex(({ fromMs }) => fromMs <= lookMs);
    let untilMs = lookMs + (lasts[Math.max(at, 0)] ?? first);
    for (at = Math.max(at, 0) + 1; at < pace.length && (pace[at]?.fromMs ?? untilMs) <= untilMs; at += 1) {
      untilMs = Math.max(untilMs, (pace[at]?.fromMs ?? 0) + (lasts[at] ?? 0));
    }
    return untilMs;
  };
}

export function longestOf(pace: Pace): number {
  return pace.reduce((longest, { intervalMs }) => Math.max(longest, intervalMs), 0);
}
