/** Opens a SQLite file as ours or refuses it in one plain sentence. Looks before it writes. */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../domain/errors.ts';
import { LEGACY_TABLE } from '../legacy.ts';
import { DAMAGED, FOREIGN, type Trouble, troubleOf } from './sqlite-trouble.ts';

/** Marks a file as ours in its header: "Jmt2". */
export const APPLICATION_ID = 0x4a6d7432n;
/** How long a statement waits for another process, such as a key being created beside a running server. */
const BUSY_TIMEOUT_MS = 5_000;
/** A file up to this size is read through at start; beyond, only what SQLite looks at anyway. */
const MAX_CHECKED_BYTES = 32n * 1024n * 1024n;

/** Throws AppError `database_unusable`. */
export function openSqliteFile(path: string): DatabaseSync {
  try {
    reach(path);
    const file = new DatabaseSync(path, {
      readBigInts: true,
      timeout: BUSY_TIMEOUT_MS,
      enableForeignKeyConstraints: false,
    });
    try {
      claim(file, path);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw asUnusable(path, error);
  }
}

/** Turns trouble with the file, also when met later while it is being set up, into `database_unusable`. */
export function asUnusable(path: string, error: unknown): unknown {
  const origin = error instanceof AppError && error.code === 'db_unavailable' ? error.cause : error;
  const trouble = troubleOf(origin);
  return trouble === null ? origin : unusable(path, trouble, origin);
}

function unusable(path: string, trouble: Trouble, cause?: unknown): AppError {
  return new AppError('database_unusable', `database ${path} ${trouble.cause}`, { fix: trouble.fix, cause });
}

/** Creates a missing file for its owner alone; names what is wrong with one that cannot be used, better than SQLite. */
function reach(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if (statSync(path).isDirectory())
      throw Object.assign(new Error('is a folder', { cause: error }), { code: 'EISDIR' });
    accessSync(path, constants.R_OK | constants.W_OK);
  }
}

function claim(file: DatabaseSync, path: string): void {
  const owner = pragma(file, 'application_id');
  if (owner !== APPLICATION_ID && !(owner === 0n && isVacant(file))) throw unusable(path, FOREIGN);
  if (bytesIn(file) <= MAX_CHECKED_BYTES && pragma(file, 'quick_check(1)') !== 'ok') throw unusable(path, DAMAGED);
  file.exec('PRAGMA journal_mode = WAL');
  file.exec('PRAGMA synchronous = FULL');
  // The write lock is asked for even when there is nothing to write: a read-only file is refused now, not later.
  file.exec('BEGIN IMMEDIATE');
  if (owner !== APPLICATION_ID) file.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  file.exec('COMMIT');
}

/** New, or prepared with nothing but the registry that is shared with version 1. */
function isVacant(file: DatabaseSync): boolean {
  const tables = file.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
  );
  const names = tables.all().map((row) => row['name']);
  return names.length === 0 || names.includes(LEGACY_TABLE);
}

function bytesIn(file: DatabaseSync): bigint {
  return BigInt(pragma(file, 'page_count') ?? 0) * BigInt(pragma(file, 'page_size') ?? 0);
}

export function pragma(file: DatabaseSync, name: string): bigint | string | null {
  const row = file.prepare(`PRAGMA ${name}`).get();
  const value = row === undefined ? null : Object.values(row)[0];
  return typeof value === 'bigint' || typeof value === 'string' ? value : null;
}
