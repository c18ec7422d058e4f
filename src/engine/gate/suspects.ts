/**
 * What was believed a moment ago. When it turns out that the trouble was ours, these are suspect too: what they opened
 * was likely a false alarm.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { FailureShape } from '../../domain/verdict.ts';

export interface Suspects {
  /** An onset was believed. */
  believed(endpointId: EndpointId, shape: FailureShape, nowMs: number): void;
  /** Those of the last moments with one of these shapes, oldest first; they are forgotten. */
  take(shapes: readonly FailureShape[], nowMs: number): EndpointId[];
}

/** The window of the brake, and the usual deadline of a look. */
const KEPT_MS = 40_000;
/** When so many have gathered, those that are too old are let go. */
const FIRST_SWEEP = 4_096;

type Suspect = { endpointId: EndpointId; shape: FailureShape; atMs: number };

/** Bounded by how many can begin to fail within 40 s: a target that is looked at does so once. */
export function createSuspects(): Suspects {
  let kept: Suspect[] = [];
  let sweepAt = FIRST_SWEEP;

  const recent = (nowMs: number) => kept.filter(({ atMs }) => nowMs - atMs <= KEPT_MS);

  return {
    believed(endpointId, shape, atMs) {
      if (kept.length >= sweepAt) {
        kept = recent(atMs);
        // So that each is looked at a few times at most, however many stay.
        sweepAt = Math.max(FIRST_SWEEP, 2 * kept.length);
      }
      kept.push({ endpointId, shape, atMs });
    },
    take(shapes, nowMs) {
      const taken = new Set<EndpointId>();
      const left: Suspect[] = [];
      for (const one of recent(nowMs)) {
        if (shapes.includes(one.shape)) taken.add(one.endpointId);
        else left.push(one);
      }
      kept = left;
      return [...taken];
    },
  };
}
