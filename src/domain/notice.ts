/**
 * Which notices are muted (spec/03 section 7.2): a Down that repeats itself within the cooldown of one that was told, and
 * nothing else. Whoever was told that a site is down is told that it is up again.
 */

export type Notice = 'down' | 'recovery';

/** What was told of an endpoint. */
export type Told = {
  /** When a Down was last delivered; null: never. ms since the epoch. */
  downAtMs: number | null;
  /** Whether the outage there is now, or was last, was delivered. */
  isDownTold: boolean;
};

export const NOTHING_TOLD: Told = Object.freeze({ downAtMs: null, isDownTold: false });

/** The cooldown in ms; 0: none. The endpoint's own minutes count where there are any. */
export function cooldownMs(endpointMinutes: number | null, defaultMinutes: number): number {
  return Math.max(0, endpointMinutes ?? defaultMinutes) * 60_000;
}

export function isMuted(notice: Notice, told: Told, nowMs: number, cooldownMs: number): boolean {
  if (notice === 'recovery') return !told.isDownTold;
  const { downAtMs } = told;
  // One that lies ahead was stamped before the clock was set back, and must not mute for as long as that.
  return downAtMs !== null && downAtMs <= nowMs && nowMs - downAtMs < cooldownMs;
}

/** What was told after this notice was delivered, or was not: muted, or given up. */
export function toldAfter(notice: Notice, isDelivered: boolean, told: Told, nowMs: number): Told {
  if (notice === 'recovery') return { ...told, isDownTold: false };
  return isDelivered ? { downAtMs: nowMs, isDownTold: true } : { ...told, isDownTold: false };
}
