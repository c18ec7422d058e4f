/**
 * What was believed a moment ago. When it turns out that the trouble was ours, these are suspect too: what they opened
 * was likely a false alarm.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { FailureShape } from '../../domain/verdict.ts';

export interface Suspects {
  /** An onset was believed. */
  believed(endpointId: EndpointId, shape: FailureShape, nowMs: number): void;
  /** Those of the last moments with one of these shapes; they are forgotten. */
  take(shapes: readonly FailureShape[], nowMs: number): EndpointId[];
}

/** The window of the brake, and the usual deadline of a look. */
const KEPT_MS = 40_000;
const MOST = 4_096;

export function createSuspects(): Suspects {
  let kept: { endpointId: EndpointId; shape: FailureShape; atMs: number }[] = [];
  return {
    believed(endpointId, shape, atMs) {
      if (kept.length >= 2 * MOST) kept = kept.slice(-MOST);
      kept.push({ endpointId, shape, atMs });
    },
    take(shapes, nowMs) {
      const recent = kept.filter(({ atMs }) => nowMs - atMs <= KEPT_MS).slice(-MOST);
      kept = recent.filter(({ shape }) => !shapes.includes(shape));
      const taken = recent.filter(({ shape }) => shapes.includes(shape)).map(({ endpointId }) => endpointId);
      return [...new Set(taken)];
    },
  };
}
