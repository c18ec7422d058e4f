/** The store as the operator's commands use it: most only look, so they work beside a running server. */
import { resolve } from 'node:path';
import { AppError } from '../domain/errors.ts';
import { backupFile } from '../store/backup.ts';
import { openDataDir } from '../store/data-dir.ts';
import { databasePath, openToRead, openUpToDate } from '../store/database.ts';
import type { DatabaseToRead } from '../store/dialect/dialect.ts';
import { type MigrationStatus, migrationStatus } from '../store/migrations/migrate.ts';
import { MIGRATIONS, type Migration } from '../store/migrations/migrations.ts';
import { type Replayed, type ReplayOptions, replay } from '../store/replay.ts';
import { type CheckedPoint, verify } from '../store/verify.ts';
import type { Log } from '../telemetry/log.ts';
import type { Config } from './config.ts';
import { lockStore } from './open-store.ts';

/** A command that only just ended, or one that writes briefly, is worth waiting for. */
const WAIT_FOR_LOCK_MS = 2_000;

export type StatusOfDatabase = { name: string; migrations: readonly MigrationStatus[] };

/** A database that is not there yet has everything pending. */
export async function statusOfDatabase(config: Config): Promise<StatusOfDatabase> {
  try {
    return await withDatabaseToRead(config.DATABASE_URL, async (db) => ({
      name: db.name,
      migrations: await migrationStatus(db.kysely),
    }));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'database_missing') throw error;
    const pending = MIGRATIONS.map(({ id, name }) => ({ id, name, appliedAtMs: null }));
    return { name: databasePath(config.DATABASE_URL), migrations: pending };
  }
}

/**
 * Applies what is pending. A server of this version has applied all, so with nothing pending it may run; with something
 * pending an older one might, and must stop first: throws `data_dir_locked` or `database_locked`.
 */
export async function migrateDatabase(
  config: Config,
  log: Log,
): Promise<{ name: string; applied: readonly Migration[] }> {
  const { name, migrations } = await statusOfDatabase(config);
  if (migrations.every(({ appliedAtMs, name }) => appliedAtMs !== null && name !== null)) return { name, applied: [] };
  const folder = openDataDir(config.JETMON_DATA_DIR);
  const holder = { pid: process.pid, command: 'jetmon2 migrate', waitMs: WAIT_FOR_LOCK_MS };
  const lock = await lockStore(folder, config.DATABASE_URL, holder);
  try {
    const { database, applied } = await openUpToDate({ url: config.DATABASE_URL, log });
    await database.close();
    return { name, applied };
  } finally {
    lock.release();
  }
}

/** Throws `database_unsupported` for a server. */
export function backupDatabase(
  config: Config,
  options: { target: string; force: boolean; onProgress(share: number): void },
): ReturnType<typeof backupFile> {
  if (isServer(config.DATABASE_URL)) {
    throw new AppError('database_unsupported', 'this database is a server, and `backup` copies an embedded file', {
      fix: 'use `mariadb-dump --single-transaction` or `mysqldump --single-transaction`',
    });
  }
  const { target, force, onProgress } = options;
  const source = databasePath(config.DATABASE_URL);
  return backupFile({ source, target, force, suffix: String(process.pid), copy: { onProgress } });
}

/** `file` null: the database of the configuration. */
export async function verifyDatabase(
  config: Config,
  file: string | null,
  onPoint: (point: CheckedPoint) => void,
): Promise<void> {
  const url = file === null ? config.DATABASE_URL : `sqlite:${resolve(file)}`;
  await withDatabaseToRead(url, (db) =>
    db.snapshot(async (kysely) => {
      const options = { projection: config.LEGACY_STATUS_PROJECTION_ENABLE };
      for await (const point of verify({ ...db, kysely }, options)) onPoint(point);
    }),
  );
}

/** Throws `database_older` or `database_newer` where the tables are not those this program knows. */
export function replayDatabase(
  config: Config,
  options: Pick<ReplayOptions, 'limitDifferences' | 'onProgress'>,
): Promise<Replayed> {
  return withDatabaseToRead(config.DATABASE_URL, async (db) => {
    refuseOtherTables(db.name, await migrationStatus(db.kysely));
    return replay(db, { ...options, projection: config.LEGACY_STATUS_PROJECTION_ENABLE });
  });
}

function refuseOtherTables(name: string, migrations: readonly MigrationStatus[]): void {
  const unknown = migrations.filter((migration) => migration.name === null);
  if (unknown.length > 0) {
    const ids = unknown.map(({ id }) => id).join(', ');
    throw new AppError('database_newer', `database ${name} has been changed by a newer program: migration ${ids}`, {
      fix: 'use the newer program',
    });
  }
  const pending = migrations.filter(({ appliedAtMs }) => appliedAtMs === null);
  if (pending.length > 0) {
    const ids = pending.map(({ id }) => id).join(', ');
    throw new AppError('database_older', `database ${name} lacks migration ${ids}`, { fix: 'run `jetmon2 migrate`' });
  }
}

async function withDatabaseToRead<T>(url: string, run: (db: DatabaseToRead) => Promise<T>): Promise<T> {
  const db = await openToRead(url);
  try {
    return await run(db);
  } finally {
    await db.close();
  }
}

function isServer(url: string): boolean {
  return /^(?:mysql|mariadb):/i.test(url);
}
