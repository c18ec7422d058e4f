/**
 * When an endpoint was observed: from looks that followed each other in time. Everything is kept as plain numbers, because
 * a season has thousands of stretches.
 */
import type { Run } from './block.ts';
import type { Window } from './days.ts';
import type { Stretches } from './light-block.ts';
import type { Looks } from './looks.ts';
import type { InTime } from './pace.ts';
import { BLIND_TOTAL } from './sample.ts';

export type Seen = {
  /** Of looks that followed each other, in any order. */
  runs: Stretches;
  /** When looks failed, in order. */
  failed: readonly number[];
  /** When looks could not tell, in any order. */
  blinds: number[];
};

/** Adds the runs of looks in the order of time. No run goes over a look that could not tell. */
export function addRuns(
  { count, atMs, totals }: Looks,
  inTime: InTime,
  { runs, blinds }: Pick<Seen, 'runs' | 'blinds'>,
): void {
  let isOpen = false;
  let lastMs = 0;
  for (let place = 0; place < count; place += 1) {
    const lookMs = atMs[place] ?? 0;
    if (totals[place] === BLIND_TOTAL) {
      // Each of them: a failed look, which is not among these, may lie between two.
      blinds.push(lookMs);
      isOpen = false;
      continue;
    }
    if (isOpen && lookMs <= inTime(lastMs)) runs[runs.length - 1] = lookMs;
    else runs.push(lookMs, lookMs);
    isOpen = true;
    lastMs = lookMs;
  }
}

/**
 * Within the window, in order and apart. `isNext`: until when another look follows one; `isLast`: until when the last one of
 * some speaks.
 */
export function observedIn(window: Window, seen: Seen, isNext: InTime, isLast: InTime): Run[] {
  const blinds = seen.blinds.sort((a, b) => a - b);
  const joined = joinedRuns(inOrder(seen.runs), seen.failed, blinds, isNext);
  const observed: Run[] = [];
  let blind = 0;
  for (let at = 0; at < joined.length; at += 2) {
    const lastMs = joined[at + 1] ?? 0;
    while (blind < blinds.length && (blinds[blind] ?? 0) <= lastMs) blind += 1;
    const fromMs = Math.max(joined[at] ?? 0, window.fromMs);
    const toMs = Math.min(isLast(lastMs), blinds[blind] ?? window.toMs, window.toMs);
    if (fromMs < toMs) observed.push({ fromMs, toMs });
  }
  return observed;
}

/** Runs and failed looks as one, joined where the next one is in time and no look between them could not tell. */
function joinedRuns(runs: Stretches, failed: readonly number[], blinds: readonly number[], isNext: InTime): Stretches {
  const joined: Stretches = [];
  let blind = 0;
  let [nextRun, nextFailed] = [0, 0];
  let lastMs = Number.NaN;
  while (nextRun < runs.length || nextFailed < failed.length) {
    // Nothing is read beyond an end: that would make an object of each number.
    const isRun =
      nextFailed === failed.length || (nextRun < runs.length && (runs[nextRun] ?? 0) <= (failed[nextFailed] ?? 0));
    const fromMs = (isRun ? runs[nextRun] : failed[nextFailed]) ?? 0;
    const toMs = isRun ? (runs[nextRun + 1] ?? fromMs) : fromMs;
    if (isRun) nextRun += 2;
    else nextFailed += 1;
    const sinceMs = joined.length === 0 ? fromMs : lastMs;
    while (blind < blinds.length && (blinds[blind] ?? 0) < sinceMs) blind += 1;
    const isCut = blind < blinds.length && (blinds[blind] ?? 0) < fromMs;
    if (joined.length > 0 && !isCut && fromMs <= isNext(lastMs)) {
      lastMs = Math.max(lastMs, toMs);
      joined[joined.length - 1] = lastMs;
    } else {
      joined.push(fromMs, toMs);
      lastMs = toMs;
    }
  }
  return joined;
}

/** By their start. The same ones where they are, which is nearly always. */
function inOrder(runs: Stretches): Stretches {
  let isOrdered = true;
  for (let at = 2; at < runs.length; at += 2) isOrdered &&= (runs[at - 2] ?? 0) <= (runs[at] ?? 0);
  if (isOrdered) return runs;
  const places = Array.from({ length: runs.length / 2 }, (_, nth) => nth * 2);
  places.sort((a, b) => (runs[a] ?? 0) - (runs[b] ?? 0));
  return places.flatMap((at) => [runs[at] ?? 0, runs[at + 1] ?? 0]);
}
