/** What SQLite and the file system complain about, by typed code, in words for people. */
import { AppError } from '../../domain/errors.ts';

export type Trouble = { cause: string; fix: string };

const ELSEWHERE = 'choose another file with DATABASE_URL';
const RESTORE = `restore the file from a backup, or ${ELSEWHERE}`;
const FREE_SPACE = 'free some space on that disk, then start again';
const PERMISSIONS = 'give the user that runs jetmon2 read and write permission on the file and its folder';

const NOT_OPENED: Trouble = { cause: 'cannot be opened', fix: PERMISSIONS };
const READ_ONLY: Trouble = { cause: 'cannot be written', fix: PERMISSIONS };
const FULL: Trouble = { cause: 'cannot be written because the disk is full', fix: FREE_SPACE };

export const DAMAGED: Trouble = { cause: 'is damaged', fix: RESTORE };
export const FOREIGN: Trouble = { cause: 'holds the data of another program', fix: ELSEWHERE };

/** Primary result codes (sqlite.org/rescode.html). */
const BY_SQLITE_CODE: Readonly<Record<number, Trouble>> = {
  3: READ_ONLY,
  5: { cause: 'is in use by another program', fix: 'stop the other program, then try again' },
  8: READ_ONLY,
  10: { cause: 'cannot be read or written (I/O error)', fix: 'check the disk it is on' },
  11: DAMAGED,
  13: FULL,
  14: NOT_OPENED,
  26: { cause: 'is not a SQLite database', fix: RESTORE },
};

const BY_FILE_CODE: Readonly<Record<string, Trouble>> = {
  EACCES: NOT_OPENED,
  EPERM: NOT_OPENED,
  EROFS: { cause: 'is on a read-only file system', fix: ELSEWHERE },
  ENOENT: { cause: 'cannot be created because its folder does not exist', fix: `create the folder, or ${ELSEWHERE}` },
  ENOTDIR: { cause: 'cannot be created because a part of its path is not a folder', fix: ELSEWHERE },
  EISDIR: { cause: 'is a folder, not a file', fix: ELSEWHERE },
  ENOSPC: FULL,
  EDQUOT: FULL,
};

/** The trouble behind an error, or null when it is not about the file. */
export function troubleOf(error: unknown): Trouble | null {
  if (error instanceof Error && 'trouble' in error) return error.trouble as Trouble;
  const code = primaryCode(error);
  if (code !== null) return BY_SQLITE_CODE[code] ?? null;
  const fileCode = error instanceof Error && 'code' in error ? String(error.code) : '';
  return BY_FILE_CODE[fileCode] ?? null;
}

/** An error with a trouble that we found ourselves. */
export function refusal(trouble: Trouble): Error {
  return Object.assign(new Error(trouble.cause), { trouble });
}

/** SQLite's primary result code; the driver reports extended ones. */
export function primaryCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null;
}

/** Trouble with the file itself becomes `db_unavailable`; everything else stays as it is. */
export function asUnavailable(error: unknown): unknown {
  const trouble = troubleOf(error);
  if (trouble === null) return error;
  return new AppError('db_unavailable', `the database ${trouble.cause}`, { fix: trouble.fix, cause: error });
}

/** Trouble with the file that is met while it is opened or set up becomes `database_unusable`. */
export function asUnusable(path: string, error: unknown): unknown {
  const cause = error instanceof AppError && error.code === 'db_unavailable' ? error.cause : error;
  const trouble = troubleOf(cause);
  if (trouble === null) return error;
  return new AppError('database_unusable', `database ${path} ${trouble.cause}`, { fix: trouble.fix, cause });
}
