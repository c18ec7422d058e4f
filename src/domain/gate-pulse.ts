/**
 * How steadily replies come in, by the second: a fleet that is looked at many times a second shows by itself when our
 * network was away for a while, and looks that were under way then prove nothing.
 */

export interface Pulse {
  /** A reply came. */
  beat(atMs: number): void;
  /** The longest pause within a stretch of time, whole seconds, when it is longer than chance explains; else 0. */
  pauseIn(fromMs: number, toMs: number): number;
}

const SLOTS = 128;
/** What is usual is the middle one of so many seconds before the stretch: a burst after a start does not move it. */
const USUAL_S = 60;
/** Longest stretch that is looked at. */
const MOST_S = 60;
const LEAST_PAUSE_S = 2;
/** So many replies missing in a row are no chance: e^-12. */
const MISSING = 12;

export function createPulse(): Pulse {
  const counts = new Uint32Array(SLOTS);
  const seconds = new Float64Array(SLOTS).fill(-1);

  function countIn(second: number): number {
    const slot = second & (SLOTS - 1);
    return seconds[slot] === second ? (counts[slot] ?? 0) : 0;
  }

  function usualBefore(second: number): number {
    const sorted = Uint32Array.from({ length: USUAL_S }, (_, back) => countIn(second - 1 - back)).sort();
    return sorted[USUAL_S / 2] ?? 0;
  }

  return {
    beat(atMs) {
      const second = Math.floor(atMs / 1000);
      const slot = second & (SLOTS - 1);
      if (seconds[slot] !== second) {
        seconds[slot] = second;
        counts[slot] = 0;
      }
      counts[slot] = (counts[slot] ?? 0) + 1;
    },
    pauseIn(fromMs, toMs) {
      const last = Math.floor(toMs / 1000) - 1;
      const first = Math.max(Math.ceil(fromMs / 1000), last - MOST_S + 1);
      if (last - first + 1 < LEAST_PAUSE_S) return 0;
      let longest = 0;
      let pause = 0;
      for (let second = first; second <= last; second += 1) {
        pause = countIn(second) === 0 ? pause + 1 : 0;
        longest = Math.max(longest, pause);
      }
      if (longest < LEAST_PAUSE_S) return 0;
      return longest * usualBefore(first) >= MISSING ? longest : 0;
    },
  };
}
