/** The API keys for a command: straight on the database, also beside a running server, which looks each key up anew. */
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { type ApiKeys, createApiKeys } from '../store/api-keys.ts';
import { openDataDir } from '../store/data-dir.ts';
import { openDatabase } from '../store/database.ts';
import { createLog } from '../telemetry/log.ts';
import type { Config } from './config.ts';

export async function openKeys(config: Config): Promise<{ keys: ApiKeys; close(): Promise<void> }> {
  openDataDir(config.JETMON_DATA_DIR);
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const db = await openDatabase({ url: config.DATABASE_URL, log });
  return { keys: createApiKeys({ db, clock: systemClock, random: systemRandom }), close: () => db.close() };
}
