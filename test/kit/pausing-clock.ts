/** A fake clock whose timers can be late, as they are after the machine was paused. */
import { createFakeClock, type FakeClock } from './fake-clock.ts';

export interface PausingClock extends FakeClock {
  /** Moves the monotonic clock while nothing runs: the timers keep the distance they had. */
  pause(ms: number): void;
}

export function createPausingClock(): PausingClock {
  const clock = createFakeClock();
  let paused = 0;
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + paused,
    pause(ms) {
      paused += ms;
    },
  };
}
