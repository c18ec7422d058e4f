/**
 * Notices when this thread did not run: stopped, or starved of CPU. What was timed across such a pause says nothing
 * about a site. (While a machine sleeps its monotonic clock stands still too, and so do the deadlines.)
 */
import type { Clock, Timer } from '../lib/clock.ts';

export interface StallWatch {
  /** For how many milliseconds between two instants of the monotonic clock this thread is known not to have run. */
  pausedMs(fromMs: number, toMs: number): number;
  stop(): void;
}

const TICK_MS = 50;
/** Longer between two ticks than garbage collection and a full event loop explain. */
const STALL_MS = 100;
/** The newest are kept: a hundred seconds of pauses at the least. */
const MAX_REMEMBERED = 1_000;

type Pause = { startMs: number; endMs: number };

/** `onTick` is called at every tick: a sign that the thread runs. */
export function createStallWatch(clock: Clock, onTick: () => void = () => {}): StallWatch {
  const pauses: Pause[] = [];
  let lastTickMs = clock.monotonicMs();
  let timer: Timer = clock.after(TICK_MS, tick);

  function tick(): void {
    timer = clock.after(TICK_MS, tick);
    const pause = pauseUntil(clock.monotonicMs());
    if (pause !== null) pauses.push(pause);
    if (pauses.length > MAX_REMEMBERED) pauses.shift();
    lastTickMs = clock.monotonicMs();
    onTick();
  }

  function pauseUntil(nowMs: number): Pause | null {
    return nowMs - lastTickMs > STALL_MS ? { startMs: lastTickMs, endMs: nowMs } : null;
  }

  return {
    pausedMs(fromMs, toMs) {
      // The deadline of a probe may come before the tick that will notice the pause.
      const open = pauseUntil(clock.monotonicMs());
      return (open === null ? pauses : [...pauses, open]).reduce(
        (sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs)),
        0,
      );
    },
    stop: () => timer.cancel(),
  };
}
