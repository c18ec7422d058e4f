/** Opens the data folder, takes its lock, opens the database, and builds the parts of the store on it. */
import { existsSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../domain/errors.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys } from '../store/api-keys.ts';
import { type AuditEntry, recordAudit } from '../store/audit.ts';
import { createChanges } from '../store/changes.ts';
import { type DataDirLock, type LockOptions, lockDatabase, lockDataDir, openDataDir } from '../store/data-dir.ts';
import { type Database, databasePath, isFileUrl, openDatabase } from '../store/database.ts';
import { createEndpoints } from '../store/endpoints.ts';
import { createEventQueries } from '../store/event-queries.ts';
import { createEvents } from '../store/events.ts';
import { createFleetRows } from '../store/fleet-rows.ts';
import { createHistory } from '../store/history/history.ts';
import { liveWindows } from '../store/maintenance-windows.ts';
import { createRecentTransitions } from '../store/recent-transitions.ts';
import { createRuntime } from '../store/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import type { Config } from './config.ts';

export type Store = ReturnType<typeof storeOn>;

export type OpenStore = Store & { lock: DataDirLock; close(): Promise<void> };

/** A command that only just ended, or one that writes briefly, is worth waiting for. */
const WAIT_FOR_LOCK_MS = 2_000;

/** Throws `data_dir_unusable`, `data_dir_locked`, `database_locked`, `database_unusable` or `database_newer`; leaves nothing behind then. */
export async function openStore(
  config: Config,
  command: string,
  log: Log,
  { waitMs = WAIT_FOR_LOCK_MS } = {},
): Promise<OpenStore> {
  const folder = openDataDir(config.JETMON_DATA_DIR);
  const lock = await lockStore(folder, config.DATABASE_URL, { pid: process.pid, command, waitMs });
  try {
    const database = await openDatabase({ url: config.DATABASE_URL, log });
    const store = storeOn(database, log, config);
    return {
      ...store,
      lock,
      async close() {
        await store.events.close();
        await database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The folder and the database: each may be named together with another of the other kind. */
export async function lockStore(folder: string, databaseUrl: string, options: LockOptions): Promise<DataDirLock> {
  const dataDir = await lockDataDir(folder, options);
  try {
    const database = await lockDatabaseIn(databaseUrl, options);
    return {
      announce(address) {
        dataDir.announce(address);
        database?.announce(address);
      },
      release() {
        database?.release();
        dataDir.release();
      },
    };
  } catch (error) {
    dataDir.release();
    throw error;
  }
}

/**
 * By its real path, so that a link is no way around. Null for a server, and where no file can be made: opening it will
 * say why.
 */
async function lockDatabaseIn(databaseUrl: string, options: LockOptions): Promise<DataDirLock | null> {
  if (!isFileUrl(databaseUrl)) return null;
  const path = databasePath(databaseUrl);
  if (!existsSync(dirname(path))) return null;
  const real = existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  try {
    return await lockDatabase(real, options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'data_dir_unusable') return null;
    throw error;
  }
}

function storeOn(database: Database, log: Log, config: Config) {
  const changes = createChanges({ log });
  const history = createHistory({
    db: database,
    clock: systemClock,
    log,
    writer: `${hostname()}:${process.pid}`,
    retention: {
      rawDays: config.HISTORY_RAW_DAYS,
      hourlyDays: config.HISTORY_HOURLY_DAYS,
      days: config.HISTORY_DAYS,
      failureDays: config.HISTORY_FAILURE_DAYS,
      maxFailures: config.HISTORY_MAX_FAILURES,
      auditDays: config.AUDIT_RETENTION_DAYS,
    },
  });
  return {
    database,
    changes,
    endpoints: createEndpoints(database),
    fleetRows: createFleetRows(database),
    events: createEvents({ db: database, changes, log }),
    eventQueries: createEventQueries(database),
    recentTransitions: createRecentTransitions(database),
    recordAudit: (entries: readonly AuditEntry[]) => recordAudit(database.kysely, entries),
    readMaintenance: (sinceMs: number) => liveWindows(database.kysely, EVERY_SITE, sinceMs),
    runtime: createRuntime({ db: database, clock: systemClock, history }),
    history,
    apiKeys: createApiKeys({ db: database, clock: systemClock, random: systemRandom }),
  };
}
