/** Slows guessing: credentials refused from one address are counted, and beyond the limit answered with 429. */
import type { Clock } from '../lib/clock.ts';

const PER_MINUTE = 10;
const WINDOW_MS = 60_000;
/** Addresses remembered; the one that failed first is forgotten first. */
const MAX_ADDRESSES = 10_000;

export type FailureThrottle = {
  /** Counts one refusal. Seconds to wait when the address is over its limit, else null. */
  refused(address: string): number | null;
};

export function createFailureThrottle(clock: Clock): FailureThrottle {
  const windows = new Map<string, { startMs: number; failures: number }>();

  function windowOf(address: string, nowMs: number): { startMs: number; failures: number } {
    const known = windows.get(address);
    if (known !== undefined && nowMs - known.startMs < WINDOW_MS) return known;
    windows.delete(address);
    const oldest = windows.keys().next();
    if (windows.size >= MAX_ADDRESSES && !oldest.done) windows.delete(oldest.value);
    const fresh = { startMs: nowMs, failures: 0 };
    windows.set(address, fresh);
    return fresh;
  }

  return {
    refused(address) {
      const nowMs = clock.monotonicMs();
      const window = windowOf(address, nowMs);
      window.failures += 1;
      if (window.failures <= PER_MINUTE) return null;
      return Math.max(1, Math.ceil((window.startMs + WINDOW_MS - nowMs) / 1000));
    },
  };
}
