/** Opens the database a URL names, brings its tables up to date, and hands it out. */
import { resolve } from 'node:path';
import { sql } from 'kysely';
import { AppError } from '../domain/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { copyAside } from './copy-aside.ts';
import type { DatabaseToRead, OpenedDatabase, TransactionOptions } from './dialect/dialect.ts';
import { asUnusable as asUnusableServer } from './dialect/mysql-trouble.ts';
import { isMysqlUrl } from './dialect/mysql-url.ts';
import { openSqlite } from './dialect/sqlite.ts';
import type { SqliteThreads } from './dialect/sqlite-link.ts';
import { openSqliteToRead } from './dialect/sqlite-read.ts';
import { asUnusable } from './dialect/sqlite-trouble.ts';
import type { StatementWatcher } from './dialect/watched-dialect.ts';
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
  transaction<T>(run: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Resolves when the database answers; rejects with `db_unavailable`. */
  ping(): Promise<void>;
}

export type OpenOptions = {
  /** `sqlite:<path>`, a bare path, or `mysql://user:password@host:port/name`. */
  url: string;
  log?: Log | undefined;
  clock?: Clock | undefined;
  /** Where the thread of an embedded database comes from, when there is somebody who keeps some. */
  threads?: SqliteThreads | undefined;
  /** Told of everything that is sent. */
  onStatement?: StatementWatcher | undefined;
};

/**
 * Before tables that hold something are changed, an embedded file is copied aside. Throws AppError
 * `database_unsupported`, `database_unusable`, `database_newer` or `copy_failed`.
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  return (await openUpToDate(options)).database;
}

/** The same, and which migrations were applied now. */
export async function openUpToDate(
  options: OpenOptions,
): Promise<{ database: Database; applied: readonly Migration[] }> {
  const { url, log, clock = systemClock } = options;
  const opened = isMysqlUrl(url) ? await openServer(url, options) : await openSqlite(databasePath(url), options);
  const { kysely, dialect, name } = opened;
  const beforeChange = (newestApplied: number) => copyAside(opened, { newestApplied, clock, log });
  try {
    const applied = await migrate({ kysely, dialect, clock, name, log, beforeChange });
    return { database: { ...opened, ping: async () => void (await sql`select 1`.execute(kysely)) }, applied };
  } catch (error) {
    await opened.close();
    throw opened.path === null ? asUnusableServer(name, error) : asUnusable(opened.path, error);
  }
}

/**
 * Opens a database to look at it, whatever program made it: nothing is created or changed. Throws AppError
 * `database_unsupported`, `database_missing` or `database_unusable`.
 */
export async function openToRead(url: string): Promise<DatabaseToRead> {
  return isMysqlUrl(url) ? { ...(await openServer(url)), inspect: null } : openSqliteToRead(databasePath(url));
}

/** Its driver is loaded by those alone who use it. */
async function openServer(url: string, options: Partial<OpenOptions> = {}): Promise<OpenedDatabase> {
  const { openMysql } = await import('./dialect/mysql.ts');
  return openMysql(url, options);
}

/** True for a database that is a file, which only one process may open. */
export function isFileUrl(url: string): boolean {
  return !isMysqlUrl(url);
}

const KNOWN_URLS =
  'set DATABASE_URL to sqlite:<path> or mysql://user:password@host/name, or leave it out to use the data folder';

/** The file a `DATABASE_URL` names, absolute. Throws AppError `database_unsupported`. */
export function databasePath(url: string): string {
  return resolve(pathIn(url));
}

/** Names the scheme of a URL it refuses, never the rest: that may hold a password. */
function pathIn(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'sqlite') {
    const message = `DATABASE_URL begins with ${scheme}:, which is not a database this program knows`;
    throw new AppError('database_unsupported', message, { fix: KNOWN_URLS });
  }
  const path = url.replace(/^sqlite:(\/\/)?/i, '');
  if (path !== '' && !path.includes('\0')) return path;
  throw new AppError('database_unsupported', 'DATABASE_URL names no file', { fix: KNOWN_URLS });
}
