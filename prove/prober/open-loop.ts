/** An open loop: checks start at an even rate, whatever became of those before. */
import type { Loop } from './closed-loop.ts';
import { type Stopwatch, startStopwatch } from './stopwatch.ts';

export type OpenLoopOptions = {
  perSecond: number;
  /** What is measured. */
  seconds: number;
  /** Comes before, at a rate of its own, because code that has run little is slow. */
  warmUp: { perSecond: number; seconds: number };
};

/** At the new rate, until the last of the warm-up are gone. */
const SETTLE_SECONDS = 1;

/** The numbers that are measured. */
export function measuredNumbers({ perSecond, seconds, warmUp }: OpenLoopOptions): { from: number; to: number } {
  const from = Math.round(warmUp.perSecond * warmUp.seconds + SETTLE_SECONDS * perSecond);
  return { from, to: from + Math.round(seconds * perSecond) };
}

/** How many have started so many seconds after the start. */
export function dueAfter(seconds: number, { perSecond, warmUp }: OpenLoopOptions): number {
  const warmSeconds = Math.min(seconds, warmUp.seconds);
  return Math.floor(warmSeconds * warmUp.perSecond + (seconds - warmSeconds) * perSecond);
}

export function openLoop(options: OpenLoopOptions, start: (from: number, many: number) => void): Loop {
  const measured = measuredNumbers(options);
  const { promise, resolve } = Promise.withResolvers<ReturnType<Stopwatch['stop']>>();
  const startMs = performance.now();
  let offered = 0;
  let ended = 0;
  let stopwatch: Stopwatch | null = null;

  const timer = setInterval(() => {
    const due = Math.min(measured.to, dueAfter((performance.now() - startMs) / 1_000, options));
    if (due > offered) start(offered, due - offered);
    offered = due;
    if (offered >= measured.to) clearInterval(timer);
  }, 1);

  return {
    done: promise,
    finished(many) {
      ended += many;
      if (stopwatch === null && ended >= measured.from) stopwatch = startStopwatch(ended);
      if (ended >= measured.to && stopwatch !== null) resolve(stopwatch.stop(ended));
    },
  };
}
