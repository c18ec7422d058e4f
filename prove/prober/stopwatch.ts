/** What a stretch of checks cost this process: its CPU on all threads, its time, its memory, the delay of its loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export type Window = {
  checks: number;
  wallMs: number;
  /** User and system time of the whole process. */
  cpuMs: number;
  /** Of the main thread. */
  loopDelayP99Ms: number;
};

export interface Stopwatch {
  /** `ended` is the number of checks that have ended by now. */
  stop(ended: number): Window;
}

/** How often the loop is looked at; a histogram of Node holds this beside the delay. */
export const LOOK_EVERY_MS = 10;

export function startStopwatch(endedBefore: number): Stopwatch {
  const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  delay.enable();
  const startMs = performance.now();
  const start = process.cpuUsage();
  return {
    stop(ended) {
      const { user, system } = process.cpuUsage(start);
      const wallMs = performance.now() - startMs;
      delay.disable();
      return {
        checks: ended - endedBefore,
        wallMs,
        cpuMs: (user + system) / 1_000,
        loopDelayP99Ms: loopDelayMs(delay.percentile(99)),
      };
    },
  };
}

/** From a figure of Node's histogram. */
export function loopDelayMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - LOOK_EVERY_MS);
}

/** Most memory that was ever resident, in MB. */
export function peakRssMb(): number {
  return process.resourceUsage().maxRSS / 1_024;
}
