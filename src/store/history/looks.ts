/** Looks of one endpoint as columns: when each was and what it took, for readers that go through thousands of them. */
import { BLIND_TOTAL, isBlind, type Sample } from './sample.ts';

export interface Looks {
  /** Whole ms since the epoch, as they were added. */
  readonly atMs: readonly number[];
  /** In tenths of a millisecond; `ABSENT`, or `BLIND_TOTAL` of one that could not tell. */
  readonly totals: readonly number[];
  add(atMs: number, total: number): void;
  addSample(sample: Sample): void;
  /** Leaves the first so many. */
  cut(count: number): void;
}

export function createLooks(): Looks {
  const atMs: number[] = [];
  const totals: number[] = [];

  function add(lookMs: number, total: number): void {
    atMs.push(lookMs);
    totals.push(total);
  }

  return {
    atMs,
    totals,
    add,
    addSample: (sample) => add(sample.atMs, isBlind(sample) ? BLIND_TOTAL : sample.total),
    cut(count) {
      atMs.length = count;
      totals.length = count;
    },
  };
}

/** In the order of time, each instant once, within a window. The same ones where that is what they are. */
export function inOrder(looks: Looks, { fromMs, toMs }: { fromMs: number; toMs: number }): Looks {
  const { atMs, totals } = looks;
  const isWithin = (lookMs: number) => lookMs >= fromMs && lookMs < toMs;
  let beforeMs = Number.NEGATIVE_INFINITY;
  const isAsItShouldBe = atMs.every((lookMs) => {
    const isAfter = lookMs > beforeMs;
    beforeMs = lookMs;
    return isAfter && isWithin(lookMs);
  });
  if (isAsItShouldBe) return looks;
  const places = [...atMs.keys()].filter((place) => isWithin(atMs[place] ?? 0));
  places.sort((a, b) => (atMs[a] ?? 0) - (atMs[b] ?? 0));
  const ordered = createLooks();
  for (const place of places) {
    const lookMs = atMs[place] ?? 0;
    if (ordered.atMs.at(-1) !== lookMs) ordered.add(lookMs, totals[place] ?? 0);
  }
  return ordered;
}
