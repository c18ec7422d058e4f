/** A copy of the embedded file under a name of the operator's choice: there whole, or not at all. */
import { existsSync, linkSync, lstatSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { CopyFacts, CopyOptions } from './dialect/dialect.ts';
import { copySqliteFile } from './dialect/sqlite-copy.ts';

/**
 * Copies to a name beside `target`, then renames: a reader of `target` sees the old file or the new one. `suffix` makes
 * that name this run's own. Throws AppError `copy_failed`, `database_missing` or `database_unusable`.
 */
export async function backupFile(options: {
  source: string;
  target: string;
  /** Whether a file of that name is replaced. */
  force: boolean;
  suffix: string;
  copy?: CopyOptions;
}): Promise<CopyFacts & { target: string }> {
  const { source, force } = options;
  const target = resolve(options.target);
  refuseTarget(source, target, force);
  const partial = `${target}.partial-${options.suffix}`;
  const facts = await copySqliteFile(source, partial, options.copy);
  try {
    if (force) renameSync(partial, target);
    else claim(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw codeOf(error) === 'EEXIST' ? taken(target) : error;
  }
  return { ...facts, target };
}

/** Unlike renaming, linking never replaces a file that came meanwhile; not every file system can. */
function claim(partial: string, target: string): void {
  try {
    linkSync(partial, target);
    rmSync(partial);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || existsSync(target)) throw error;
    renameSync(partial, target);
  }
}

function refuseTarget(source: string, target: string, force: boolean): void {
  const folder = dirname(target);
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true) {
    throw refused(target, `folder ${folder} does not exist`, 'create it, or choose another place');
  }
  const inPlace = join(realpathSync(folder), basename(target));
  if (belongsTo(source, inPlace)) throw refused(target, 'that is the database itself', 'choose another name');
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw refused(target, 'that is a folder', 'give the name of a file in it');
  if (found !== undefined && !force) throw taken(target);
  if (found !== undefined && sameFile(source, target)) {
    throw refused(target, 'that is the database itself', 'choose another name');
  }
  // A log that belongs to the file that is replaced would be taken for the new one's.
  const log = [`${target}-wal`, `${target}-journal`].find((path) => (statSync(path, MISSING_IS_FINE)?.size ?? 0) > 0);
  if (log !== undefined) {
    throw refused(target, `${basename(log)} lies beside it, so a program may be using it`, 'choose another name');
  }
}

const MISSING_IS_FINE = { throwIfNoEntry: false } as const;

/** The database, or one of the files that SQLite and the lock keep beside it. */
function belongsTo(source: string, target: string): boolean {
  const real = existsSync(source) ? realpathSync(source) : source;
  return ['', '-wal', '-shm', '-journal', '.lock', '.json'].some((end) => target === `${real}${end}`);
}

function sameFile(source: string, target: string): boolean {
  const [one, other] = [statSync(source, MISSING_IS_FINE), statSync(target, MISSING_IS_FINE)];
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

function taken(target: string): AppError {
  return refused(target, 'a file of that name is there already', 'choose another name, or replace it with --force');
}

function refused(target: string, cause: string, fix: string): AppError {
  return new AppError('copy_failed', `the backup ${target} cannot be written: ${cause}`, { fix });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
