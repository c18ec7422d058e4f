/** Hands over many checks at once and then blocks this thread while they are in flight, over and over. */
import type { Loop } from './closed-loop.ts';
import { startStopwatch } from './stopwatch.ts';

export type BlockedLoopOptions = {
  times: number;
  /** Checks handed over each time. */
  many: number;
  blockMs: number;
};

/** Until what was posted has left this thread and the checks are on their way. */
const BLOCK_AFTER_MS = 100;

export function blockedLoop(
  { times, many, blockMs }: BlockedLoopOptions,
  start: (from: number, many: number) => void,
): Loop {
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof stopwatch.stop>>();
  const stopwatch = startStopwatch(0);
  let ended = 0;

  function handOver(): void {
    start(ended, many);
    setTimeout(block, BLOCK_AFTER_MS, blockMs);
  }

  handOver();
  return {
    done: promise,
    finished(more) {
      ended += more;
      if (ended === times * many) resolve(stopwatch.stop(ended));
      else if (ended % many === 0) handOver();
    },
  };
}

/** Busy, as with a huge document to parse: worse than asleep, where threads share a core. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}
