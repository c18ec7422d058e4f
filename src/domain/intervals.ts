/** What is left of stretches of time when others are taken away, or when several must hold at once. */
import type { Interval } from './incident-intervals.ts';

type Closed = { fromMs: number; toMs: number };

/** What of a window no interval covers. They may overlap and come in any order. */
export function uncovered(window: Closed, intervals: readonly Interval[]): Closed[] {
  const left: Closed[] = [];
  let doneMs = window.fromMs;
  for (const { fromMs, toMs } of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs >= window.toMs) break;
    if (fromMs > doneMs) left.push({ fromMs: doneMs, toMs: fromMs });
    doneMs = Math.max(doneMs, toMs ?? window.toMs);
  }
  if (doneMs < window.toMs) left.push({ fromMs: doneMs, toMs: window.toMs });
  return left;
}

/** When all of these hold, within a window; of no lists it is all of the window. */
export function allHold(window: Closed, lists: readonly (readonly Interval[])[]): Closed[] {
  return uncovered(
    window,
    lists.flatMap((list) => uncovered(window, list)),
  );
}
