/** The data folder and its database: private to their user, and served by one process at a time. */
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../domain/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { primaryCode } from './dialect/sqlite-trouble.ts';

/** Who holds the folder. A file of facts for people; the lock itself is the truth. */
export type LockHolder = { pid: number; command: string; address?: string; startedAt: string };

export interface DataDirLock {
  /** Says under which address this process can be reached. */
  announce(address: string): void;
  release(): void;
}

/** What can be taken by one process alone: the files that say so are `<stem>.lock` and `<stem>.json` in its folder. */
type Place = {
  folder: string;
  stem: string;
  code: 'data_dir_locked' | 'database_locked';
  name: string;
  instead: string;
};

const RETRY_EVERY_MS = 50;
const SQLITE_BUSY = 5;

/** Creates the folder for its user alone when it is missing. Returns its absolute path; throws `data_dir_unusable`. */
export function openDataDir(path: string): string {
  const folder = resolve(path);
  try {
    createFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    throw unusable(folder, error);
  }
}

/** Parents one by one: `recursive` never returns on a file system that refuses folders, such as /proc. */
function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    createFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o700 });
  }
}

export type LockOptions = { pid: number; command: string; waitMs?: number; clock?: Clock };

/**
 * Takes the folder for this process, for as long as the lock is held on to. The operating system frees it when the
 * process ends, however it ends. Throws `data_dir_locked`, whose details are the holder's facts.
 */
export function lockDataDir(path: string, options: LockOptions): Promise<DataDirLock> {
  return lock(dataDirPlace(path), options);
}

/** The same for a database file, wherever it lies: two data folders may name one. Throws `database_locked`. */
export function lockDatabase(path: string, options: LockOptions): Promise<DataDirLock> {
  const instead = 'give this one another database with DATABASE_URL';
  const place = { folder: dirname(path), stem: basename(path), name: `database ${path}`, instead };
  return lock({ ...place, code: 'database_locked' }, options);
}

function dataDirPlace(path: string): Place {
  const folder = resolve(path);
  const instead = 'give this one another folder with JETMON_DATA_DIR';
  return { folder, stem: 'serve', code: 'data_dir_locked', name: `data folder ${folder}`, instead };
}

async function lock(place: Place, options: LockOptions): Promise<DataDirLock> {
  const { pid, command, waitMs = 0, clock = systemClock } = options;
  const giveUpAtMs = clock.monotonicMs() + waitMs;
  let taken = tryLock(place);
  while (taken === null) {
    if (clock.monotonicMs() >= giveUpAtMs) throw locked(place, holderOf(place));
    await new Promise<void>((wake) => clock.after(RETRY_EVERY_MS, wake));
    taken = tryLock(place);
  }
  const held = taken;
  const holder: LockHolder = { pid, command, startedAt: new Date(clock.nowMs()).toISOString() };
  try {
    writeHolder(place, holder);
  } catch (error) {
    held.close();
    throw unusable(place.folder, error);
  }
  return {
    announce: (address) => writeHolder(place, { ...holder, address }),
    release() {
      if (!held.isOpen) return;
      rmSync(holderFile(place), { force: true });
      held.close();
    },
  };
}

function holderFile({ folder, stem }: Place): string {
  return join(folder, `${stem}.json`);
}

/** The facts the last holder left; null when there are none. A process that was killed leaves its facts behind. */
function holderOf(place: Place): LockHolder | null {
  try {
    const facts: unknown = JSON.parse(readFileSync(holderFile(place), 'utf8'));
    return isHolder(facts) ? facts : null;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) !== '') return null;
    throw error;
  }
}

/**
 * An open exclusive transaction holds fcntl locks on the file. Nothing else in this program may open that file: POSIX
 * drops a process's locks when it closes any descriptor of it. SQLite itself knows this and keeps its descriptors.
 */
function tryLock({ folder, stem }: Place): DatabaseSync | null {
  const path = join(folder, `${stem}.lock`);
  let file: DatabaseSync | null = null;
  try {
    createForOwner(path);
    file = new DatabaseSync(path, { timeout: 0 });
    file.exec('PRAGMA locking_mode = EXCLUSIVE');
    file.exec('BEGIN EXCLUSIVE');
    return file;
  } catch (error) {
    file?.close();
    if (primaryCode(error) === SQLITE_BUSY) return null;
    throw unusable(folder, error);
  }
}

/** SQLite would make it readable to all, and whoever can read it can hold a lock on it. */
function createForOwner(path: string): void {
  try {
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Readers see the old facts or the new ones, never a part. */
function writeHolder(place: Place, holder: LockHolder): void {
  const temporary = `${holderFile(place)}.new`;
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  renameSync(temporary, holderFile(place));
}

function isHolder(facts: unknown): facts is LockHolder {
  if (typeof facts !== 'object' || facts === null) return false;
  const { pid, command, address, startedAt } = facts as Record<string, unknown>;
  const texts = typeof command === 'string' && typeof startedAt === 'string';
  return Number.isSafeInteger(pid) && texts && (address === undefined || typeof address === 'string');
}

function locked({ code, name, instead }: Place, holder: LockHolder | null): AppError {
  const who =
    holder === null
      ? 'another process'
      : `process ${holder.pid} (${holder.command}${holder.address === undefined ? '' : `, ${holder.address}`})`;
  const fix = holder === null ? 'stop it' : `stop it with "kill ${holder.pid}"`;
  return new AppError(code, `${name} is in use by ${who}`, { fix: `${fix}, or ${instead}`, details: { ...holder } });
}

const RIGHTS = 'give the user that runs jetmon2 write permission on it';
const PATH = 'correct the path';

const CAUSES: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  EACCES: ['permission is denied', RIGHTS],
  EPERM: ['permission is denied', RIGHTS],
  EROFS: ['the file system is read-only', 'make it writable'],
  ENOSPC: ['the disk is full', 'make room'],
  EEXIST: ['a file of that name is in the way', PATH],
  ENOTDIR: ['a part of its path is not a folder', PATH],
  ENOENT: ['a part of its path cannot be created', PATH],
};

function unusable(folder: string, error: unknown): AppError {
  const known = CAUSES[codeOf(error)];
  const [cause, fix] = known ?? [error instanceof Error ? error.message : String(error), RIGHTS];
  return new AppError('data_dir_unusable', `data folder ${folder} cannot be used: ${cause}`, {
    fix: `${fix}, or choose another folder with JETMON_DATA_DIR`,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
