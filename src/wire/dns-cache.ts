/** What resolvers said, kept for as long as they allow and for half a minute at most (reliability.md E14). */
import type { Clock } from '../lib/clock.ts';

export interface DnsCache<T> {
  get(name: string): T | undefined;
  /** Keeps nothing that may be kept for less than a second. */
  put(name: string, value: T, ttlS: number): void;
  size(): number;
}

const MAX_KEPT_S = 30;
const MAX_ENTRIES = 10_000;

type Entry<T> = { value: T; untilMs: number };

/**
 * Two halves: when the younger one is full it becomes the older one, and what that held is forgotten. Deleting the
 * oldest entry of one Map instead would walk over the places of all those deleted before.
 */
export function createDnsCache<T>(clock: Clock, maxEntries: number = MAX_ENTRIES): DnsCache<T> {
  let young = new Map<string, Entry<T>>();
  let old = new Map<string, Entry<T>>();
  return {
    get(name) {
      const entry = young.get(name) ?? old.get(name);
      return entry !== undefined && clock.monotonicMs() < entry.untilMs ? entry.value : undefined;
    },
    put(name, value, ttlS) {
      if (ttlS < 1) return;
      if (young.size >= maxEntries / 2) {
        old = young;
        young = new Map();
      }
      young.set(name, { value, untilMs: clock.monotonicMs() + Math.min(ttlS, MAX_KEPT_S) * 1_000 });
    },
    size: () => young.size + old.size,
  };
}
