/** Opens the database a URL names, brings its tables up to date, and hands it out. */
import { resolve } from 'node:path';
import { sql } from 'kysely';
import { AppError } from '../domain/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { OpenedDatabase } from './dialect/dialect.ts';
import { openSqlite } from './dialect/sqlite.ts';
import type { SqliteThreads } from './dialect/sqlite-link.ts';
import { asUnusable } from './dialect/sqlite-trouble.ts';
import { migrate } from './migrations/migrate.ts';
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

/** `threads` of the embedded database come from there, when there is somebody who keeps some. */
export type OpenOptions = { url: string; log?: Log; clock?: Clock; threads?: SqliteThreads };

/**
 * `url` is `sqlite:<path>` or a bare path. Throws AppError `database_unsupported`, `database_unusable` or
 * `database_newer`.
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const path = databasePath(options.url);
  const opened = await openSqlite(path, options.threads);
  const { kysely, dialect, name } = opened;
  try {
    await migrate({ kysely, dialect, clock: options.clock ?? systemClock, name, log: options.log });
  } catch (error) {
    await opened.close();
    throw asUnusable(path, error);
  }
  return {
    ...opened,
    async ping() {
      await sql`select 1`.execute(kysely);
    },
  };
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
