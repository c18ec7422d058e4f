/** Many deadlines on few timers: those that fall into the same moment share one, and come a moment late at most. */
import type { Clock, Timer } from '../lib/clock.ts';

const MOMENT_MS = 50;

export interface Deadlines {
  /** Calls `run` once after `atMs` on the monotonic clock. The function it returns takes it back. */
  at(atMs: number, run: () => void): () => void;
  stop(): void;
}

export function createDeadlines(clock: Clock): Deadlines {
  const moments = new Map<number, { due: Set<() => void>; timer: Timer }>();

  function momentAt(number: number) {
    const found = moments.get(number);
    if (found !== undefined) return found;
    const due = new Set<() => void>();
    const timer = clock.after(number * MOMENT_MS - clock.monotonicMs(), () => {
      moments.delete(number);
      for (const run of due) run();
    });
    const moment = { due, timer };
    moments.set(number, moment);
    return moment;
  }

  return {
    at(atMs, run) {
      const number = Math.ceil(atMs / MOMENT_MS);
      const moment = momentAt(number);
      moment.due.add(run);
      return () => {
        if (!moment.due.delete(run) || moment.due.size > 0) return;
        moment.timer.cancel();
        if (moments.get(number) === moment) moments.delete(number);
      };
    },
    stop() {
      for (const { timer } of moments.values()) timer.cancel();
      moments.clear();
    },
  };
}
