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

const CALM_MS = 30_000;
/** Without anyone reached for so long, it is not calm. */
const SILENCE_MS = 10_000;
const ASK_AFTER_MS = 5_000;
const MOST_COUNTED = 50_000;

export function createBrake(): Brake {
  const counts = createBrakeCounts();
  /** Targets that were counted and have not passed since, oldest first. */
  const counted = new Set<EndpointId>();
  let isTripped = false;
  let troubledMs = Number.NEGATIVE_INFINITY;
  let reachedMs = Number.NEGATIVE_INFINITY;

  return {
    looked: counts.looked,
    onset(endpointId, network, nowMs) {
      if (counted.has(endpointId)) return;
      const [oldest] = counted;
      if (counted.size >= MOST_COUNTED && oldest !== undefined) counted.delete(oldest);
      counted.add(endpointId);
      counts.onset(network, nowMs);
    },
    passed(endpointId) {
      if (counted.size > 0) counted.delete(endpointId);
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
