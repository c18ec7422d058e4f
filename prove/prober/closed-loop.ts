/** A closed loop: so many in flight, the next starts when one ends. The same for every client that is compared. */
import { type Stopwatch, startStopwatch, type Window } from './stopwatch.ts';

export type LoopOptions = {
  inFlight: number;
  /** Checks in all. */
  total: number;
  /** Measured from when so many have ended until so many have; the rest warms up, and keeps the loop full to the end. */
  measured: { from: number; to: number };
};

/** A loop at work: what ends is said to it. */
export interface Loop {
  /** So many have ended. */
  finished(many: number): void;
  /** What was measured; resolves when the last check has ended. */
  done: Promise<Window>;
}

/** `start(from, many)` starts the checks numbered so; called once before this returns, then from `finished`. */
export function closedLoop(options: LoopOptions, start: (from: number, many: number) => void): Loop {
  const { total, measured } = options;
  const { promise, resolve } = Promise.withResolvers<Window>();
  let offered = 0;
  let ended = 0;
  let stopwatch: Stopwatch | null = measured.from === 0 ? startStopwatch(0) : null;
  let window: Window | null = null;

  function offer(many: number): void {
    const from = offered;
    offered += many;
    if (many > 0) start(from, many);
  }

  offer(Math.min(options.inFlight, total));
  return {
    done: promise,
    finished(many) {
      ended += many;
      offer(Math.min(many, total - offered));
      if (stopwatch === null && ended >= measured.from) stopwatch = startStopwatch(ended);
      if (window === null && ended >= measured.to) window = stopwatch?.stop(ended) ?? null;
      if (ended >= total && window !== null) resolve(window);
    },
  };
}

/** A loop that is warm when it is measured, and full until measuring ends. */
export function steady(inFlight: number, warmUp: number, count: number): LoopOptions {
  const to = warmUp + count;
  return { inFlight, total: to + inFlight, measured: { from: warmUp, to } };
}

/** All that is offered, start to end. */
export function whole(inFlight: number, total: number): LoopOptions {
  return { inFlight, total, measured: { from: 0, to: total } };
}
