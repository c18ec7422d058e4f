/** A time for which the owner said that the site may fail. */

/** Half-open, ms since the epoch: `startMs` belongs to it, `endMs` does not. */
export type MaintenanceWindow = { startMs: number; endMs: number };

export function isWithin(window: MaintenanceWindow | null, atMs: number): boolean {
  return window !== null && window.startMs <= atMs && atMs < window.endMs;
}

/** As few windows as cover the same time, in order. */
export function united(windows: readonly MaintenanceWindow[]): MaintenanceWindow[] {
  const found: MaintenanceWindow[] = [];
  for (const { startMs, endMs } of windows.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = found.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else if (startMs < endMs) found.push({ startMs, endMs });
  }
  return found;
}

/** What lies in both; each is united, and so is the result. */
export function intersected(
  one: readonly MaintenanceWindow[],
  other: readonly MaintenanceWindow[],
): MaintenanceWindow[] {
  const found: MaintenanceWindow[] = [];
  for (let [i, j] = [0, 0]; ; ) {
    const [a, b] = [one[i], other[j]];
    if (a === undefined || b === undefined) return found;
    const both = { startMs: Math.max(a.startMs, b.startMs), endMs: Math.min(a.endMs, b.endMs) };
    if (both.startMs < both.endMs) found.push(both);
    if (a.endMs < b.endMs) i += 1;
    else j += 1;
  }
}
