/** The trail of a site for a command: read straight from the database, also beside a running server. */
import { EVERY_SITE } from '../domain/site-scope.ts';
import { systemClock } from '../lib/clock.ts';
import { openDataDir } from '../store/data-dir.ts';
import { openDatabase } from '../store/database.ts';
import { readTrail, type Trail, type TrailFilter } from '../store/trail.ts';
import type { Config } from './config.ts';

export type OpenTrail = {
  /** See `readTrail`. */
  read(filter: TrailFilter): Promise<Trail | null>;
  close(): Promise<void>;
};

export async function openTrail(config: Config): Promise<OpenTrail> {
  openDataDir(config.JETMON_DATA_DIR);
  const db = await openDatabase({ url: config.DATABASE_URL });
  return { read: (filter) => readTrail(db, EVERY_SITE, filter), close: () => db.close() };
}

/** What spans that people give are counted back from. */
export function nowMs(): number {
  return systemClock.nowMs();
}
