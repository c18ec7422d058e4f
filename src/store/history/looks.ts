/** Looks of one endpoint as columns: when each was and what it took, for readers that go through a hundred thousand of them. */
import { BLIND_TOTAL, isBlind, type Sample } from './sample.ts';

export type Looks = {
  /** How many there are; of the columns only so much counts. Set it to leave the first so many, and nothing is freed. */
  count: number;
  /** Whole ms since the epoch, as they were added. */
  atMs: Float64Array;
  /** In tenths of a millisecond; `ABSENT`, or `BLIND_TOTAL` of one that could not tell. */
  totals: Float64Array;
};

/** A day of one look a minute. */
const USUAL = 1_440;

export function createLooks(): Looks {
  return { count: 0, atMs: new Float64Array(USUAL), totals: new Float64Array(USUAL) };
}

export function addLook(looks: Looks, lookMs: number, total: number): void {
  const place = looks.count;
  if (place === looks.atMs.length) {
    looks.atMs = twiceAsLong(looks.atMs);
    looks.totals = twiceAsLong(looks.totals);
  }
  looks.atMs[place] = lookMs;
  looks.totals[place] = total;
  looks.count = place + 1;
}

function twiceAsLong(column: Float64Array): Float64Array {
  const longer = new Float64Array(column.length * 2);
  longer.set(column);
  return longer;
}

export function addSample(looks: Looks, sample: Sample): void {
  addLook(looks, sample.atMs, isBlind(sample) ? BLIND_TOTAL : sample.total);
}

/** In the order of time, each instant once, within a window. The same ones where that is what they are. */
export function inOrder(looks: Looks, window: { fromMs: number; toMs: number }): Looks {
  if (isInOrder(looks, window)) return looks;
  const { count, atMs, totals } = looks;
  const places: number[] = [];
  for (let place = 0; place < count; place += 1) {
    const lookMs = atMs[place] ?? 0;
    if (lookMs >= window.fromMs && lookMs < window.toMs) places.push(place);
  }
  places.sort((a, b) => (atMs[a] ?? 0) - (atMs[b] ?? 0));
  const ordered = createLooks();
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const place of places) {
    const lookMs = atMs[place] ?? 0;
    if (lookMs !== beforeMs) addLook(ordered, lookMs, totals[place] ?? 0);
    beforeMs = lookMs;
  }
  return ordered;
}

function isInOrder({ count, atMs }: Looks, { fromMs, toMs }: { fromMs: number; toMs: number }): boolean {
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < count; place += 1) {
    const lookMs = atMs[place] ?? 0;
    if (lookMs <= beforeMs || lookMs < fromMs || lookMs >= toMs) return false;
    beforeMs = lookMs;
  }
  return true;
}
