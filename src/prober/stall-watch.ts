/**
 * Notices when this thread did not run: stopped, or starved of CPU. What was timed across such a pause says nothing
 * about a site. (While a machine sleeps its monotonic clock stands still too, and so do the deadlines.)
 */
import { NO_PAUSES, type Pauses } from '../checks/visit.ts';
import type { Clock, Timer } from '../lib/clock.ts';

export interface StallWatch {
  /** When this thread is known not to have run between two instants of the monotonic clock. */
  pauses(fromMs: number, toMs: number): Pauses;
  /** A pause that is over ends now at the latest: it is none of what begins after this. */
  notice(): void;
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
    notice();
    lastTickMs = clock.monotonicMs();
    onTick();
  }

  /** A pause ends with the first look after it. */
  function notice(): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastTickMs <= STALL_MS) return;
    pauses.push({ startMs: lastTickMs, endMs: nowMs });
    if (pauses.length > MAX_REMEMBERED) pauses.shift();
    lastTickMs = nowMs;
  }

  return {
    pauses(fromMs, toMs) {
      // The deadline of a probe may come before the tick that will notice the pause.
      notice();
      let found = NO_PAUSES;
      // The newest last: most visits began after all of them.
      for (let index = pauses.length - 1; index >= 0; index -= 1) {
        const pause = pauses[index];
        if (pause === undefined || pause.endMs <= fromMs) break;
        const withinMs = Math.min(pause.endMs, toMs) - Math.max(pause.startMs, fromMs);
        if (withinMs > 0) found = { sumMs: found.sumMs + withinMs, longestMs: Math.max(found.longestMs, withinMs) };
      }
      return found;
    },
    notice,
    stop: () => timer.cancel(),
  };
}
