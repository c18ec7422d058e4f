/** The three files in which version 1 told how it fared, in its words. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type StatsTotals = {
  sitesPerSecond: number;
  /** Sites that are due and wait. */
  queued: number;
  /** Looks under way, and those that wait in the prober. */
  working: number;
  waiting: number;
  /** Looks since the start: without a verdict, failed, healthy. */
  error: number;
  offline: number;
  success: number;
};

/** Writes `sitespersec`, `sitesqueue` and `totals`, each whole or not at all. Rejects with the system's error. */
export async function writeStatsFiles(folder: string, totals: StatsTotals): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replace(join(folder, 'sitespersec'), `sites per second: ${Math.round(totals.sitesPerSecond)}\n`);
  await replace(join(folder, 'sitesqueue'), `sites in queue: ${Math.round(totals.queued)}\n`);
  await replace(join(folder, 'totals'), totalsText(totals));
}

function totalsText({ working, waiting, error, offline, success }: StatsTotals): string {
  // Threads of ours are never told to end while they work, which is what version 1 called halting.
  const rows = { working, waiting, halting: 0, error, offline, success, total: error + offline + success };
  return Object.entries(rows)
    .map(([label, count]) => `${label.padEnd(8)}: ${Math.round(count)}\n`)
    .join('');
}

/** Readers see the old text or the new one. One writer at a time, so one name will do. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
