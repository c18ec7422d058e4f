/** Schedule arithmetic, pure. All times are milliseconds on one clock. */

/**
 * A stable offset inside the interval, so that endpoints with one interval spread evenly and keep their place over
 * restarts. The multiplier is 2^64 divided by the golden ratio (Fibonacci hashing).
 */
export function phaseMs(endpointId: bigint, intervalMs: number): number {
  const hash = BigInt.asUintN(64, endpointId * 11400714819323198485n);
  return Number(((hash >> 32n) * BigInt(Math.trunc(intervalMs))) >> 32n);
}

/** The first instant after `afterMs` that lies on the endpoint's phase: drift-free, and never a burst of catch-up. */
export function nextOnPhase(afterMs: number, intervalMs: number, phase: number): number {
  const periods = Math.floor((afterMs - phase) / intervalMs) + 1;
  return periods * intervalMs + phase;
}
