/** Opens the data folder, takes its lock, opens the database, and builds the parts of the store on it. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys } from '../store/api-keys.ts';
import { createChanges } from '../store/changes.ts';
import { type DataDirLock, lockDataDir, openDataDir } from '../store/data-dir.ts';
import { type Database, databasePath, openDatabase } from '../store/database.ts';
import { createEndpoints } from '../store/endpoints.ts';
import { createEventQueries } from '../store/event-queries.ts';
import { createEvents } from '../store/events.ts';
import { createRuntime } from '../store/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import type { Config } from './config.ts';

export type Store = ReturnType<typeof storeOn>;

export type OpenStore = Store & { lock: DataDirLock; close(): Promise<void> };

/** A command that only just ended, or one that writes briefly, is worth waiting for. */
const WAIT_FOR_LOCK_MS = 2_000;

/** Throws `data_dir_unusable`, `data_dir_locked`, `database_unusable` or `database_newer`; leaves nothing behind then. */
export async function openStore(
  config: Config,
  command: string,
  log: Log,
  { waitMs = WAIT_FOR_LOCK_MS } = {},
): Promise<OpenStore> {
  const folder = openDataDir(config.JETMON_DATA_DIR);
  const lock = await lockFolders(foldersOf(folder, config.DATABASE_URL), command, waitMs);
  try {
    const database = await openDatabase({ url: config.DATABASE_URL, log });
    return {
      ...storeOn(database, log),
      lock,
      async close() {
        await database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A database that lies elsewhere is locked where it lies: another data folder may name it too. */
function foldersOf(dataDir: string, databaseUrl: string): string[] {
  const elsewhere = dirname(databasePath(databaseUrl));
  // Where there is no folder there is no database; opening it will say so.
  return existsSync(elsewhere) ? [...new Set([dataDir, elsewhere])] : [dataDir];
}

async function lockFolders(folders: readonly string[], command: string, waitMs: number): Promise<DataDirLock> {
  const locks: DataDirLock[] = [];
  const all: DataDirLock = {
    announce(address) {
      for (const lock of locks) lock.announce(address);
    },
    release() {
      for (const lock of locks) lock.release();
    },
  };
  try {
    for (const folder of folders) locks.push(await lockDataDir(folder, { pid: process.pid, command, waitMs }));
    return all;
  } catch (error) {
    all.release();
    throw error;
  }
}

function storeOn(database: Database, log: Log) {
  const changes = createChanges({ log });
  return {
    database,
    changes,
    endpoints: createEndpoints(database),
    events: createEvents({ db: database, changes }),
    eventQueries: createEventQueries(database),
    runtime: createRuntime({ db: database, clock: systemClock }),
    apiKeys: createApiKeys({ db: database, clock: systemClock, random: systemRandom }),
  };
}
