/** Copies a SQLite file as it is at one moment, with what still stands in its log, while others read and write it. */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { AppError } from '../../domain/errors.ts';
import type { CopyFacts, CopyOptions } from './dialect.ts';
import { inspect, openSnapshot } from './sqlite-read.ts';
import { troubleOf } from './sqlite-trouble.ts';

/** Pages at a time: often enough to tell how far it is. */
const PAGES_A_STEP = 4_096;
/** Room that is left for others on the disk. */
const SPARE_BYTES = 16 * 1024 * 1024;

/**
 * `target` must not exist; it is for its owner alone, one file without a log beside it, read through and on the disk
 * when this resolves, and gone when it rejects. Throws AppError `copy_failed`, `database_missing` or
 * `database_unusable`.
 */
export async function copySqliteFile(source: string, target: string, options: CopyOptions = {}): Promise<CopyFacts> {
  const from = openSnapshot(source);
  try {
    refuseWithoutRoom(source, target, options.freeBytes ?? freeBytesOf);
    reserve(target);
    try {
      await backup(from, target, {
        rate: PAGES_A_STEP,
        progress: ({ totalPages, remainingPages }) =>
          options.onProgress?.(1 - remainingPages / Math.max(1, totalPages)),
      });
      // Reading through the copy takes long; the original's log may be emptied meanwhile.
      from.close();
      finish(target);
      return { bytes: statSync(target).size };
    } catch (error) {
      for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${target}${end}`, { force: true });
      throw error;
    }
  } catch (error) {
    throw error instanceof AppError ? error : failed(target, troubleOf(error)?.cause ?? String(error), error);
  } finally {
    if (from.isOpen) from.close();
  }
}

/** Before anything is written: a disk that is filled to the brim stops more than the copy. */
function refuseWithoutRoom(source: string, target: string, freeBytesIn: (folder: string) => number): void {
  const log = statSync(`${source}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const needed = statSync(source).size + log + SPARE_BYTES;
  const free = freeBytesIn(dirname(target));
  if (free >= needed) return;
  const cause = `it needs ${inMib(needed)} MiB and ${inMib(free)} MiB are free`;
  throw failed(target, `cannot be written: ${cause}`, undefined, 'make room on that disk');
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function inMib(bytes: number): number {
  return Math.ceil(bytes / (1024 * 1024));
}

function reserve(target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600));
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw exists ? failed(target, 'is there already', error, 'remove it, or choose another name') : error;
  }
}

/** The copy takes over how the original keeps its log; a file that lies in a shelf must be whole without one. */
function finish(target: string): void {
  const file = new DatabaseSync(target, { readBigInts: true });
  try {
    file.exec('PRAGMA journal_mode = DELETE');
    const { isOurs, complaints } = inspect(file);
    if (!isOurs) throw failed(target, 'would hold the data of another program');
    if (complaints.length > 0) throw failed(target, `would be damaged, as the original is: ${complaints[0]}`);
  } finally {
    file.close();
  }
  sync(target);
  sync(dirname(target));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const FIX = 'check the folder, its rights and the room on its disk';

function failed(target: string, cause: string, error?: unknown, fix = FIX): AppError {
  return new AppError('copy_failed', `the copy ${target} ${cause}`, { fix, cause: error });
}
