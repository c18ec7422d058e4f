/**
 * How soon sites that fail are looked at again. Each by itself is looked at often; of very many together that would be more
 * than the machine can do, and what is confirmed and told would wait for it.
 */

/** So many a second are made whatever the fleet is. */
const LEAST_PER_SECOND = 200;

/**
 * The wait until the next look of one of so many, ms: all together make no more looks a second than the fleet is looked at
 * anyway, and none is looked at less often than by its interval.
 */
export function recoveryWaitMs(
  wantedMs: number,
  { recovering, checksPerSecond, intervalMs }: { recovering: number; checksPerSecond: number; intervalMs: number },
): number {
  const oneEachMs = (recovering * 1_000) / Math.max(LEAST_PER_SECOND, checksPerSecond);
  return Math.max(wantedMs, Math.min(intervalMs, oneEachMs));
}
