/** What is left of stretches of time when others are taken away, or when several must hold at once. */
import type { Interval } from './incident-intervals.ts';

export type Closed = { fromMs: number; toMs: number };

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

/** What lies in both; each is in order and apart. */
export function bothHold(one: readonly Closed[], other: readonly Closed[]): Closed[] {
  const found: Closed[] = [];
  for (let [i, j] = [0, 0]; ; ) {
    const [a, b] = [one[i], other[j]];
    if (a === undefined || b === undefined) return found;
    const both = { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) };
    if (both.fromMs < both.toMs) found.push(both);
    if (a.toMs < b.toMs) i += 1;
    else j += 1;
  }
}
