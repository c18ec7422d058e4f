/**
 * Results in slices: of a fleet that fails at once they come by the thousand, and each is work. What else the process has
 * to do, such as hearing the database and the verifiers, goes on between two slices.
 */
import { createQueue } from '../lib/queue.ts';

export interface Slices<Item> {
  /** Works off what came, at once as far as it is cheap and nothing waits. */
  take(items: readonly Item[]): void;
  /** Items that wait for their slice. */
  waiting(): number;
  /** Works off what waits, all of it now. */
  finish(): void;
}

/** Costly ones: a few milliseconds of work. */
const MOST_AT_ONCE = 16;

export function createSlices<Item>(parts: {
  /** True when it was costly. */
  work(item: Item): boolean;
  /** So many were worked off. */
  done(items: number): void;
  later(run: () => void): void;
}): Slices<Item> {
  const lists = createQueue<readonly Item[]>();
  let current: readonly Item[] = [];
  let at = 0;
  let waiting = 0;
  let isAnnounced = false;

  function workOff(most: number): void {
    const before = waiting;
    try {
      for (let costly = 0; waiting > 0 && costly < most; ) {
        while (at >= current.length) {
          current = lists.shift() ?? [];
          at = 0;
        }
        const item = current[at] as Item;
        at += 1;
        waiting -= 1;
        if (parts.work(item)) costly += 1;
      }
    } finally {
      // One that cannot be worked off keeps none of the others.
      if (before > waiting) parts.done(before - waiting);
      if (waiting > 0) announce();
    }
  }

  function announce(): void {
    if (isAnnounced) return;
    isAnnounced = true;
    parts.later(() => {
      isAnnounced = false;
      workOff(MOST_AT_ONCE);
    });
  }

  return {
    take(items) {
      const isBehind = waiting > 0;
      lists.push(items);
      waiting += items.length;
      if (!isBehind) workOff(MOST_AT_ONCE);
    },
    waiting: () => waiting,
    finish: () => workOff(Number.POSITIVE_INFINITY),
  };
}
