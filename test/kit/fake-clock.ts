/** A clock that moves only when a test moves it. */
import type { Clock } from '../../src/lib/clock.ts';

export interface FakeClock extends Clock {
  /** Moves both clocks forward and runs the timers that come due, in order. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as a correction of the machine's time does. */
  jumpWall(ms: number): void;
}

export function createFakeClock(startMs = 1_800_000_000_000): FakeClock {
  let elapsed = 0;
  let wallOffset = startMs;
  let nextId = 0;
  const timers = new Map<number, { at: number; run: () => void }>();

  function firstDue(until: number): [number, { at: number; run: () => void }] | null {
    let first: [number, { at: number; run: () => void }] | null = null;
    for (const entry of timers)
      if (entry[1].at <= until && (first === null || entry[1].at < first[1].at)) first = entry;
    return first;
  }

  return {
    nowMs: () => Math.trunc(wallOffset + elapsed),
    monotonicMs: () => elapsed,
    after(delayMs, run) {
      const id = nextId++;
      timers.set(id, { at: elapsed + Math.max(0, delayMs), run });
      return { cancel: () => void timers.delete(id) };
    },
    advance(ms) {
      const until = elapsed + ms;
      for (let due = firstDue(until); due !== null; due = firstDue(until)) {
        elapsed = Math.max(elapsed, due[1].at);
        timers.delete(due[0]);
        due[1].run();
      }
      elapsed = until;
    },
    jumpWall(ms) {
      wallOffset += ms;
    },
  };
}
