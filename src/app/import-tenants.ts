/** The rows of who may see which site, for a command: straight on the database, also beside a running server. */
import { systemClock } from '../lib/clock.ts';
import { openDataDir } from '../store/data-dir.ts';
import { openDatabase } from '../store/database.ts';
import { type ImportedSiteTenants, importSiteTenants, type SiteTenant } from '../store/import-site-tenants.ts';
import type { Config } from './config.ts';

export async function importTenants(
  config: Config,
  pairs: readonly SiteTenant[],
  options: { source: string; dryRun: boolean },
): Promise<ImportedSiteTenants> {
  openDataDir(config.JETMON_DATA_DIR);
  const db = await openDatabase({ url: config.DATABASE_URL });
  try {
    return await importSiteTenants({ db, clock: systemClock }, pairs, options);
  } finally {
    await db.close();
  }
}
