/** What a failed statement means for whoever sent it, on either database, by typed codes. */
import { AppError } from '../../domain/errors.ts';

/** SQLite: busy, locked (primary codes). */
const SQLITE_LOCKS = [5, 6];
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
/** MySQL: no next value of a counter, out of range, duplicate entry (the highest id again). */
const NO_FURTHER_ID = [1467, 1264, 167, 1062];
/** SQLite: unique, primary key, row id (extended codes of "constraint"). */
const SQLITE_DUPLICATES = [2067, 1555, 2579];
/** MySQL: lock wait timeout, deadlock, and MariaDB's "record has changed since last read". */
const MYSQL_LOCKS = [1205, 1213, 1020];
/** MySQL: duplicate entry, with and without the name of the key. */
const MYSQL_DUPLICATES = [1062, 1586];

/** Others were in the way: the whole transaction may be tried again, and nothing of it was kept. */
export function isConflict(error: unknown): boolean {
  return isLockConflict(error) || isDuplicate(error);
}

/** A deadlock, or a wait for a lock that took too long. */
export function isLockConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && (code.sqlite ? SQLITE_LOCKS.includes(code.number & 0xff) : MYSQL_LOCKS.includes(code.number));
}

/** A row with such a unique key is there already. */
export function isDuplicate(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && (code.sqlite ? SQLITE_DUPLICATES : MYSQL_DUPLICATES).includes(code.number);
}

/** A part of the file is damaged: what does not touch it can still be written. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code?.sqlite === true && (code.number & 0xff) === SQLITE_CORRUPT;
}

/** An insert found no id, or no room: the codes do not tell the two apart. */
export function isRefusedInsert(error: unknown): boolean {
  const code = codeOf(error);
  if (code === null) return false;
  return code.sqlite ? (code.number & 0xff) === SQLITE_FULL : NO_FURTHER_ID.includes(code.number);
}

/** True where a commit was sent and its answer never came: the transaction is there as a whole, or not at all. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof AppError && error.details['outcome'] === 'unknown';
}

/** The code of the database behind an error, also one that was put into words already. */
function codeOf(error: unknown): { sqlite: boolean; number: number } | null {
  if (error instanceof AppError) return error.cause === undefined ? null : codeOf(error.cause);
  if (!(error instanceof Error)) return null;
  if ('errcode' in error && typeof error.errcode === 'number') return { sqlite: true, number: error.errcode };
  return 'errno' in error && typeof error.errno === 'number' ? { sqlite: false, number: error.errno } : null;
}
