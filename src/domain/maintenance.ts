/** A time for which the owner said that the site may fail. */

/** Half-open, ms since the epoch: `startMs` belongs to it, `endMs` does not. */
export type MaintenanceWindow = { startMs: number; endMs: number };

export function isWithin(window: MaintenanceWindow | null, atMs: number): boolean {
  return window !== null && window.startMs <= atMs && atMs < window.endMs;
}
