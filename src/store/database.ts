/** Opens the database a URL names, brings its tables up to date, and hands it out. */
import { resolve } from 'node:path';
import { sql } from 'kysely';
import { AppError } from '../domain/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { copyAside } from './copy-aside.ts';
import type { DatabaseToRead, OpenedDatabase } from './dialect/dialect.ts';
import { kyselyOn, sqliteDialect } from './dialect/sqlite.ts';
import { copySqliteFile } from './dialect/sqlite-copy.ts';
import { asUnusable, openSqliteFile } from './dialect/sqlite-file.ts';
import { openSqliteToRead } from './dialect/sqlite-read.ts';
import { migrate } from './migrations/migrate.ts';
import type { Migration } from './migrations/migrations.ts';
import type { Tx } from './schema.ts';

export interface Database extends OpenedDatabase {
  /**
   * Runs `run` in one transaction: all of it is durable when this resolves, nothing of it when it rejects, unless the
   * connection was lost at the commit: then nobody knows. `run` is called again when the database asks for it (deadlock,
   * lock wait), so it must only change what `tx` and its own variables hold, and nothing in it may wait for the network,
   * a timer, or a query outside of `tx`.
   */
  transaction<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  /** Resolves when the database answers; rejects with `db_unavailable`. */
  ping(): Promise<void>;
}

/**
 * `url` is `sqlite:<path>` or a bare path. Open a file once per process: while one handle waits for another's lock, the
 * thread waits, and the other cannot finish. Before tables that hold something are changed, an embedded file is copied
 * aside. Throws AppError `database_unsupported`, `database_unusable`, `database_newer` or `copy_failed`.
 */
export async function openDatabase(options: { url: string; log?: Log; clock?: Clock }): Promise<Database> {
  return (await openUpToDate(options)).database;
}

/** The same, and which migrations were applied now. */
export async function openUpToDate(options: {
  url: string;
  log?: Log;
  clock?: Clock;
}): Promise<{ database: Database; applied: readonly Migration[] }> {
  const { log, clock = systemClock } = options;
  const database = openAsItIs(options.url);
  const { kysely, dialect, name } = database;
  const beforeChange = (newestApplied: number) => copyAside(database, { newestApplied, clock, log });
  try {
    return { database, applied: await migrate({ kysely, dialect, clock, name, log, beforeChange }) };
  } catch (error) {
    await database.close();
    throw database.path === null ? error : asUnusable(database.path, error);
  }
}

function openAsItIs(url: string): Database {
  const path = databasePath(url);
  const kysely = kyselyOn(openSqliteFile(path));
  return {
    kysely,
    dialect: sqliteDialect,
    name: path,
    path,
    transaction: (run) => kysely.transaction().execute(run),
    snapshot: (run) => kysely.transaction().execute(run),
    copyTo: (target, options) => copySqliteFile(path, target, options),
    async ping() {
      await sql`select 1`.execute(kysely);
    },
    close: () => kysely.destroy(),
  };
}

/**
 * Opens a database to look at it, whatever program made it: nothing is created or changed. Throws AppError
 * `database_unsupported`, `database_missing` or `database_unusable`.
 */
export async function openToRead(url: string): Promise<DatabaseToRead> {
  return openSqliteToRead(databasePath(url));
}

const SQLITE_ONLY = 'set DATABASE_URL to sqlite:<path>, or leave it and the DB_ keys out to use the data folder';

/** The file a `DATABASE_URL` names, absolute. Throws AppError `database_unsupported`. */
export function databasePath(url: string): string {
  return resolve(pathIn(url));
}

/** Names the scheme of a URL it refuses, never the rest: that may hold a password. */
function pathIn(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'sqlite') {
    const message =
      scheme === 'mysql' || scheme === 'mariadb'
        ? 'the configuration names a MySQL database (DATABASE_URL, or DB_HOST and the like), which this version cannot use yet'
        : `DATABASE_URL begins with ${scheme}:, which is not a database this program knows`;
    throw new AppError('database_unsupported', message, { fix: SQLITE_ONLY });
  }
  const path = url.replace(/^sqlite:(\/\/)?/i, '');
  if (path !== '' && !path.includes('\0')) return path;
  throw new AppError('database_unsupported', 'DATABASE_URL names no file', { fix: SQLITE_ONLY });
}
