/**
 * Which ids of a log have been seen. Ids are given when a row is inserted and rows appear when they are committed, so a
 * lower id may appear after a higher one: what is missing in between is waited for, for some time.
 */
import type { IdRange } from '../../store/transition-log.ts';

export type SeenIds = {
  /** False when it had been seen. */
  note(id: bigint, nowMs: number): boolean;
  /** Whether it would be noted as new. */
  awaits(id: bigint): boolean;
  /** The highest id seen. */
  top(): bigint;
  /** Every id up to this one has been seen or is not waited for any more. */
  settled(): bigint;
  /** What is missing below the top, ascending. */
  missing(): readonly IdRange[];
  /** Waits no more for what has been missing since then or before. */
  giveUp(sinceMs: number): void;
};

/** Ranges waited for at once; beyond it the one that has been missing longest is given up. */
const MAX_MISSING = 10_000;

/** `from` and all below it count as seen. */
export function createSeenIds(from: bigint): SeenIds {
  let top = from;
  /** Ascending, and never next to each other. */
  let missing: (IdRange & { sinceMs: number })[] = [];

  function rangeOf(id: bigint): number {
    let low = 0;
    let high = missing.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = missing[middle];
      if (range === undefined) return -1;
      if (id < range.from) high = middle - 1;
      else if (id > range.to) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  return {
    note(id, nowMs) {
      if (id > top) {
        if (id > top + 1n) missing.push({ from: top + 1n, to: id - 1n, sinceMs: nowMs });
        if (missing.length > MAX_MISSING) missing.shift();
        top = id;
        return true;
      }
      const at = rangeOf(id);
      const range = missing[at];
      if (range === undefined) return false;
      const { from: first, to: last, sinceMs } = range;
      const left = first < id ? [{ from: first, to: id - 1n, sinceMs }] : [];
      const right = id < last ? [{ from: id + 1n, to: last, sinceMs }] : [];
      missing.splice(at, 1, ...left, ...right);
      return true;
    },
    awaits: (id) => id > top || rangeOf(id) !== -1,
    top: () => top,
    settled: () => (missing[0] === undefined ? top : missing[0].from - 1n),
    missing: () => missing,
    giveUp(sinceMs) {
      missing = missing.filter((range) => range.sinceMs > sinceMs);
    },
  };
}
