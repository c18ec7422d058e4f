/**
 * How many looks may be in flight: by Little's law the rate that the fleet requires times the mean time a look takes, with
 * head room. Computed about once a second from counts, without a timer.
 */

export type WindowLimits = {
  /** Small fleets need not be held back at all. */
  floor: number;
  /** What the prober can have in flight. */
  ceiling: number;
};

export const DEFAULT_LIMITS: WindowLimits = { floor: 64, ceiling: 20_000 };

/** Demand varies, and so does the time that looks take: twice the mean is hardly ever exceeded. */
const HEAD_ROOM = 2;
/** Assumed until looks have come back. */
const FIRST_LATENCY_MS = 1_000;
const MIN_LATENCY_MS = 250;
const MAX_LATENCY_MS = 30_000;
const EVERY_MS = 1_000;
/** Weight of the newest second. */
const NEWEST = 0.3;
/** Steps up and down, as a share of the window, so that a moment of trouble does not swing it. */
const MOST_UP = 0.5;
const MOST_DOWN = 0.2;

export interface FlightWindow {
  size(): number;
  /** How long a look is in flight, ms, as it is computed with. */
  flightMs(): number;
  /** Notes how many are in flight from now on, and what came in and went out since the last time. */
  note(nowMs: number, inFlight: number, change?: { urgent?: number; answered?: number }): void;
}

export function createWindow(
  checksPerSecond: () => number,
  nowMs: number,
  { floor, ceiling }: WindowLimits = DEFAULT_LIMITS,
): FlightWindow {
  let size = 0;
  let latencyMs = FIRST_LATENCY_MS;
  let urgentPerSecond = 0;
  /** Since `sinceMs`: the sum of the times that looks were in flight, and counts. */
  let sinceMs = nowMs;
  let lastMs = nowMs;
  let lastInFlight = 0;
  let flightMs = 0;
  let answered = 0;
  let urgent = 0;

  function wanted(): number {
    const rate = checksPerSecond() + urgentPerSecond;
    return Math.min(ceiling, Math.max(floor, Math.ceil((rate * HEAD_ROOM * latencyMs) / 1_000) + 1));
  }

  function recompute(elapsedMs: number): void {
    // Without any answer it takes as long as this, at least.
    const seenMs = answered > 0 ? flightMs / answered : flightMs > 0 ? Math.max(latencyMs, elapsedMs) : latencyMs;
    const bounded = Math.min(Math.max(seenMs, MIN_LATENCY_MS), MAX_LATENCY_MS);
    latencyMs += (bounded - latencyMs) * NEWEST;
    urgentPerSecond += ((urgent * 1_000) / elapsedMs - urgentPerSecond) * NEWEST;
    const up = size + Math.max(floor, size * MOST_UP);
    const down = size - Math.max(floor, size * MOST_DOWN);
    size = Math.round(Math.min(Math.max(wanted(), down), up));
  }

  return {
    size() {
      // The first time by what the fleet requires, whatever it is; later step by step.
      if (size === 0) size = wanted();
      return size;
    },
    flightMs: () => latencyMs,
    note(now, inFlight, change = {}) {
      flightMs += lastInFlight * (now - lastMs);
      lastMs = now;
      lastInFlight = inFlight;
      urgent += change.urgent ?? 0;
      answered += change.answered ?? 0;
      const elapsedMs = now - sinceMs;
      if (elapsedMs < EVERY_MS) return;
      if (size > 0) recompute(elapsedMs);
      sinceMs = now;
      flightMs = 0;
      answered = 0;
      urgent = 0;
    },
  };
}
