/**
 * Whether the wall clock went with the monotonic one. When it jumped, or the machine slept, during a look, neither what
 * was timed nor what was compared with a date proves anything.
 */
import type { Clock } from '../../lib/clock.ts';

export interface ClockWatch {
  /** Call about once a second. Returns by how many ms the wall clock jumped since the last call, 0 for none. */
  sample(): number;
  /** By how many ms the wall clock moved against the monotonic one since that instant of the latter; 0 for what is no jump. */
  jumpSince(monotonicMs: number): number;
}

/** What a clock is corrected by, little by little, stays below. */
const JUMP_MS = 2_000;
/** Samples kept: more seconds than the longest look. */
const SAMPLES = 512;

export function createClockWatch(clock: Clock): ClockWatch {
  const atMs = new Float64Array(SAMPLES);
  const offsets = new Float64Array(SAMPLES);
  let taken = 0;
  take();

  function offsetNow(): number {
    return clock.nowMs() - clock.monotonicMs();
  }

  function take(): void {
    atMs[taken % SAMPLES] = clock.monotonicMs();
    offsets[taken % SAMPLES] = offsetNow();
    taken += 1;
  }

  const jump = (byMs: number) => (Math.abs(byMs) > JUMP_MS ? byMs : 0);

  return {
    sample() {
      const before = offsets[(taken - 1) % SAMPLES] ?? 0;
      take();
      return jump((offsets[(taken - 1) % SAMPLES] ?? 0) - before);
    },
    jumpSince(monotonicMs) {
      const oldest = Math.max(0, taken - SAMPLES);
      let nth = taken - 1;
      while (nth > oldest && (atMs[nth % SAMPLES] ?? 0) > monotonicMs) nth -= 1;
      return jump(offsetNow() - (offsets[nth % SAMPLES] ?? 0));
    },
  };
}
