/**
 * Opens a SQLite file as ours or refuses it in one plain sentence. Looks before it writes. Part of the thread of the
 * embedded database, which must start fast: it imports next to nothing.
 */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DAMAGED, FOREIGN, refusal } from './sqlite-trouble.ts';

/** Marks a file as ours in its header: "Jmt2". */
export const APPLICATION_ID = 0x4a6d7432n;
/** How long a statement waits for another process, such as a key being created beside a running server. */
const BUSY_TIMEOUT_MS = 5_000;
/** A file up to this size is read through at start; beyond, only what SQLite looks at anyway. */
const MAX_CHECKED_BYTES = 32n * 1024n * 1024n;

/**
 * How much of the log is written back to the file at a time, in pages of 4 KiB. A page that many commits change is
 * written back once; with the 1,000 pages that SQLite would take, a busy writer spends its time syncing the file. Nobody
 * in this process is in the way of it: a statement is read to its end before the next one runs, so that only a snapshot or
 * a cursor holds on to an old state, and only while it is open can the log grow beyond this.
 */
const CHECKPOINT_PAGES = 4_000;
/** A log that grew beside a long snapshot is cut back to this once it is written back. */
const MAX_IDLE_LOG_BYTES = 32 * 1024 * 1024;

const COMMON = { readBigInts: true, timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: false };

/**
 * The connection that writes. `companion` is the table that may be in a file that is not marked as ours yet. Throws errors
 * that `troubleOf` can read, or others as they come.
 */
export function openWriter(path: string, companion: string): DatabaseSync {
  reach(path);
  const file = new DatabaseSync(path, COMMON);
  try {
    claim(file, companion);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** One more connection to a file that has a writer. What is sent to it by mistake is refused, not written out of turn. */
export function openReader(path: string): DatabaseSync {
  return new DatabaseSync(path, { ...COMMON, readOnly: true });
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

function claim(file: DatabaseSync, companion: string): void {
  const owner = pragma(file, 'application_id');
  if (owner !== APPLICATION_ID && !(owner === 0n && isVacant(file, companion))) throw refusal(FOREIGN);
  if (bytesIn(file) <= MAX_CHECKED_BYTES && pragma(file, 'quick_check(1)') !== 'ok') throw refusal(DAMAGED);
  file.exec('PRAGMA journal_mode = WAL');
  // What was acknowledged must outlive a power cut.
  file.exec('PRAGMA synchronous = FULL');
  file.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  file.exec(`PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES}`);
  // The write lock is asked for even when there is nothing to write: a read-only file is refused now, not later.
  file.exec('BEGIN IMMEDIATE');
  if (owner !== APPLICATION_ID) file.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  file.exec('COMMIT');
}

/** New, or prepared with nothing but the registry that is shared with version 1. */
function isVacant(file: DatabaseSync, companion: string): boolean {
  const tables = file.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
  );
  const names = tables.all().map((row) => row['name']);
  return names.length === 0 || names.includes(companion);
}

function bytesIn(file: DatabaseSync): bigint {
  return BigInt(pragma(file, 'page_count') ?? 0) * BigInt(pragma(file, 'page_size') ?? 0);
}

export function pragma(file: DatabaseSync, name: string): bigint | string | null {
  const row = file.prepare(`PRAGMA ${name}`).get();
  const value = row === undefined ? null : Object.values(row)[0];
  return typeof value === 'bigint' || typeof value === 'string' ? value : null;
}
