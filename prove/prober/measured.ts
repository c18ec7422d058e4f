/** What every client says at its end. */
import { peakRssMb, type Window } from './stopwatch.ts';
import type { Counts } from './tally.ts';

export type Measured = {
  cpuUsPerCheck: number;
  checksPerSecond: number;
  wallMs: number;
  /** Of the whole process, from its start. */
  peakRssMb: number;
  loopDelayP99Ms: number;
  /** Of the prober's thread; null for a client that has none. */
  proberDelayP99Ms: number | null;
  counts: Counts;
};

export function measuredOf(window: Window, counts: Counts, proberDelayP99Ms: number | null = null): Measured {
  return {
    cpuUsPerCheck: (window.cpuMs * 1_000) / window.checks,
    checksPerSecond: window.checks / (window.wallMs / 1_000),
    wallMs: window.wallMs,
    peakRssMb: peakRssMb(),
    loopDelayP99Ms: window.loopDelayP99Ms,
    proberDelayP99Ms,
    counts,
  };
}
