/**
 * Timers for many short exchanges: everything due within the same tick shares one timer of the clock, so that a
 * thousand checks in flight do not cost a thousand timers. Never early, at most one tick late while this thread runs.
 */
import type { Clock, Timer } from '../lib/clock.ts';

export interface Deadlines {
  /** Runs `run` once when the monotonic clock has reached `atMs`. */
  at(atMs: number, run: () => void): Timer;
  /** Runs `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer;
}

const TICK_MS = 10;
/** A tick that is later than this was kept from running by a pause of ours. */
const STALL_MS = 100;

type Tick = { entries: Set<{ run: () => void }>; timer: Timer };

export function createDeadlines(clock: Clock): Deadlines {
  const ticks = new Map<number, Tick>();

  function armTick(number: number): Tick {
    const delayMs = Math.ceil(number * TICK_MS - clock.monotonicMs());
    const tick: Tick = { entries: new Set(), timer: clock.after(Math.max(0, delayMs), () => due(number)) };
    ticks.set(number, tick);
    return tick;
  }

  /** Timers run before sockets are read: after a pause, what has come meanwhile is read before it is called late. */
  function due(number: number): void {
    const tick = ticks.get(number);
    if (tick === undefined) return;
    if (clock.monotonicMs() - number * TICK_MS > STALL_MS) tick.timer = clock.after(TICK_MS, () => fire(number));
    else fire(number);
  }

  function fire(number: number): void {
    const tick = ticks.get(number);
    ticks.delete(number);
    for (const entry of tick?.entries ?? []) run(entry);
  }

  /** One that throws is our own mistake: it is thrown on by itself, and the others of its tick still run. */
  function run(entry: { run: () => void }): void {
    try {
      entry.run();
    } catch (error) {
      clock.after(0, () => {
        throw error;
      });
    }
  }

  function at(atMs: number, run: () => void): Timer {
    const number = Math.ceil(Math.max(atMs, clock.monotonicMs()) / TICK_MS);
    const tick = ticks.get(number) ?? armTick(number);
    const entry = { run };
    tick.entries.add(entry);
    return {
      cancel() {
        tick.entries.delete(entry);
        if (tick.entries.size > 0 || ticks.get(number) !== tick) return;
        tick.timer.cancel();
        ticks.delete(number);
      },
    };
  }

  return { at, after: (delayMs, run) => at(clock.monotonicMs() + delayMs, run) };
}
