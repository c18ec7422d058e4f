/** Time as a dependency: code asks this for the time, so tests and the simulator can own it. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch, whole. For what is stored and shown. */
  nowMs(): number;
  /** Monotonic clock in milliseconds with fraction. For what is measured and scheduled. */
  monotonicMs(): number;
  /** Calls `run` once after at least `delayMs`, unless it is cancelled before. */
  after(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};
