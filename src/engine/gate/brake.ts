/**
 * The correlation brake with its memory: when it trips, when it lets go, and that a target counts once for as long as
 * it fails, so that sites which are simply dead cannot hold it for ever.
 */
import { createBrakeCounts } from '../../domain/gate-brake.ts';
import type { EndpointId } from '../../domain/ids.ts';

export interface Brake {
  looked(nowMs: number): void;
  /** A target failed with nothing open on it. */
  onset(endpointId: EndpointId, network: number, nowMs: number): void;
  /** A target is well: failing again is a new onset. */
  passed(endpointId: EndpointId): void;
  /** Anyone was reached. */
  reached(atMs: number): void;
  /** Looks at the counts; says what changed. */
  evaluate(nowMs: number): 'tripped' | 'released' | null;
  isTripped(): boolean;
  /** Nobody was reached for so long that somebody must be asked. */
  isQuiet(nowMs: number): boolean;
  counts(nowMs: number): { looks: number; onsets: number; networks: number };
}

/** A mark on each target: one bit of its slot, so that there is no bound to how many carry it. */
export interface Marks {
  has(endpointId: EndpointId): boolean;
  /** False: it is not watched, and carries none. */
  set(endpointId: EndpointId, isSet: boolean): boolean;
}

const CALM_MS = 30_000;
/** Without anyone reached for so long, it is not calm. */
const SILENCE_MS = 10_000;
const ASK_AFTER_MS = 5_000;

/** `counted`: targets that were counted and have not passed since. */
export function createBrake(counted: Marks): Brake {
  const counts = createBrakeCounts();
  /** No fewer than those; what is not watched any more stays in it. */
  let mostCounted = 0;
  let isTripped = false;
  let troubledMs = Number.NEGATIVE_INFINITY;
  let reachedMs = Number.NEGATIVE_INFINITY;

  return {
    looked: counts.looked,
    onset(endpointId, network, nowMs) {
      if (counted.has(endpointId)) return;
      if (counted.set(endpointId, true)) mostCounted += 1;
      counts.onset(network, nowMs);
    },
    passed(endpointId) {
      if (mostCounted === 0 || !counted.has(endpointId)) return;
      counted.set(endpointId, false);
      mostCounted -= 1;
    },
    reached(atMs) {
      reachedMs = atMs;
    },
    evaluate(nowMs) {
      const holds = counts.holds(nowMs);
      if (holds || nowMs - reachedMs > SILENCE_MS) troubledMs = nowMs;
      if (holds && !isTripped) {
        isTripped = true;
        return 'tripped';
      }
      if (!isTripped || nowMs - troubledMs < CALM_MS) return null;
      isTripped = false;
      return 'released';
    },
    isTripped: () => isTripped,
    isQuiet: (nowMs) => nowMs - reachedMs > ASK_AFTER_MS,
    counts: counts.counts,
  };
}
