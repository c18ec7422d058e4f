/** Opens a SQLite file to look at it: nothing is created, claimed, migrated or written, and a server may run beside it. */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Kysely, SqliteDialect } from 'kysely';
import { AppError } from '../../domain/errors.ts';
import type { Schema } from '../schema.ts';
import type { DatabaseToRead, FileFacts } from './dialect.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { APPLICATION_ID, pragma } from './sqlite-file.ts';
import { asUnusable, DAMAGED, primaryCode } from './sqlite-trouble.ts';

const BUSY_TIMEOUT_MS = 5_000;
/** Read-only, and cannot open: what SQLite says where it may not make the files it reads a log with. */
const CANNOT_KEEP_A_LOG: readonly (number | null)[] = [8, 14];
const SQLITE_CORRUPT = 11;
/** Complaints of one integrity check that are told. */
const MAX_COMPLAINTS = 20;

/** All reads see the state at this moment. Throws AppError `database_missing` or `database_unusable`. */
export function openSqliteToRead(path: string): DatabaseToRead {
  const file = openSnapshot(path);
  const kysely = new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => file.close(),
        prepare(text) {
          const statement = file.prepare(text);
          const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...values(parameters)),
            run: (parameters) => statement.run(...values(parameters)),
            iterate: (parameters) => statement.iterate(...values(parameters)),
          };
        },
      },
    }),
  });
  return {
    kysely,
    dialect: sqliteDialect,
    name: path,
    snapshot: (run) => run(kysely),
    inspect: () => inspect(file),
    close: () => kysely.destroy(),
  };
}

/** An open read transaction on the file, which holds up nobody. Throws as `openSqliteToRead` does. */
export function openSnapshot(path: string): DatabaseSync {
  try {
    if (statSync(path).isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
    try {
      return begin(path);
    } catch (error) {
      // In a folder that may only be read, a file nobody has open can still be read: as one that does not change.
      if (!CANNOT_KEEP_A_LOG.includes(primaryCode(error)) || existsSync(`${path}-wal`)) throw error;
      const still = pathToFileURL(path);
      still.search = 'immutable=1';
      return begin(still);
    }
  } catch (error) {
    if (isMissing(error)) {
      throw new AppError('database_missing', `there is no database ${path}`, {
        fix: 'check the path, or DATABASE_URL and JETMON_DATA_DIR',
        cause: error,
      });
    }
    throw asUnusable(path, error);
  }
}

function begin(path: string | URL): DatabaseSync {
  const file = new DatabaseSync(path, { readOnly: true, readBigInts: true, timeout: BUSY_TIMEOUT_MS });
  try {
    file.exec('begin');
    // The state is fixed by the first read, not by `begin`. This one meets no damage but that of the header.
    pragma(file, 'schema_version');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Reads the whole file. */
export function inspect(file: DatabaseSync): FileFacts {
  return { isOurs: pragma(file, 'application_id') === APPLICATION_ID, complaints: complaintsIn(file) };
}

function complaintsIn(file: DatabaseSync): string[] {
  try {
    const rows = file.prepare(`PRAGMA integrity_check(${MAX_COMPLAINTS})`).all();
    return rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok');
  } catch (error) {
    if (primaryCode(error) !== SQLITE_CORRUPT) throw error;
    return [`the file ${DAMAGED.cause}: ${error instanceof Error ? error.message : error}`];
  }
}
