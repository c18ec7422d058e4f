/** The copy of an embedded file that is made before its tables are changed, so that there is a way back. */
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { OpenedDatabase } from './dialect/dialect.ts';

/** Older copies are removed. */
const COPIES_KEPT = 3;

/** Does nothing for a server. Rejects with `copy_failed`; nothing was changed then. */
export async function copyAside(
  db: Pick<OpenedDatabase, 'path' | 'copyTo'>,
  options: { newestApplied: number; clock: Clock; log?: Log | undefined; freeBytes?: (folder: string) => number },
): Promise<void> {
  const { newestApplied, clock, log, freeBytes } = options;
  if (db.path === null || db.copyTo === null) return;
  const stamp = new Date(clock.nowMs()).toISOString().replace(/[-:.]/g, '');
  const copy = `${db.path}.before-${newestApplied}-${stamp}`;
  const { bytes } = await db.copyTo(copy, { freeBytes });
  log?.info({ copy, bytes }, 'database copied aside before its tables are changed');
  // The new one stays even where the clock was set back and others look newer.
  const others = copiesOf(db.path).filter((other) => other !== copy);
  for (const old of others.slice(COPIES_KEPT - 1)) rmSync(old, { force: true });
}

/** Newest first. */
function copiesOf(path: string): string[] {
  const start = `${basename(path)}.before-`;
  const stamped = readdirSync(dirname(path)).flatMap((name) => {
    const stamp = name.startsWith(start) ? /^\d+-(\d{8}T\d{9}Z)$/.exec(name.slice(start.length))?.[1] : undefined;
    return stamp === undefined ? [] : [{ stamp, path: join(dirname(path), name) }];
  });
  return stamped.sort((a, b) => (a.stamp < b.stamp ? 1 : -1)).map((copy) => copy.path);
}
