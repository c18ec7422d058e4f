/** Finds the server of a configuration, and says how it ended. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { type LockHolder, lockDataDir } from '../store/data-dir.ts';
import { openToRead } from '../store/database.ts';
import { readProcessHealth } from '../store/process-health.ts';
import type { Config } from './config.ts';
import { readLocalKey } from './local-key.ts';
import { readPidFile } from './pid-file.ts';

export type FoundServer = {
  pid: number;
  /** How to ask it; null while it says no address, or where we may not read its key. */
  access: { baseUrl: string; token: string } | null;
};

/** A server that is starting is worth waiting for. */
const WAIT_MS = 5_000;
const RETRY_MS = 50;

/** The server that holds the data folder; null when none does. Nothing is created. */
export async function serverOfFolder(config: Config, { waitMs = WAIT_MS } = {}): Promise<FoundServer | null> {
  const giveUpAtMs = systemClock.monotonicMs() + waitMs;
  for (;;) {
    const holder = await holderOf(config.JETMON_DATA_DIR);
    const isServer = holder !== null && (holder.command === undefined || holder.command === 'serve');
    const { pid, address } = holder ?? {};
    const isOver = systemClock.monotonicMs() >= giveUpAtMs;
    if (holder === null || (isOver && !isServer)) return null;
    if (isServer && pid !== undefined && (address !== undefined || isOver)) {
      const token = readLocalKey(config.JETMON_DATA_DIR);
      return { pid, access: address === undefined || token === null ? null : { baseUrl: address, token } };
    }
    if (isOver) return null;
    await new Promise<void>((wake) => systemClock.after(RETRY_MS, wake));
  }
}

/** The facts of whoever holds the lock now; null when nobody does. */
async function holderOf(folder: string): Promise<Partial<LockHolder> | null> {
  if (!existsSync(folder)) return null;
  try {
    (await lockDataDir(folder, { pid: process.pid, command: 'jetmon2 status' })).release();
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'data_dir_locked') return error.details as Partial<LockHolder>;
    throw error;
  }
}

/**
 * The server to send a signal to: the one that `JETMON_PID_FILE` names, where it is set, else the one that holds the data
 * folder. Null when none runs. Throws `process_unusable` for a file that names a process which is no server.
 */
export async function serverToSignal(config: Config): Promise<FoundServer | null> {
  const path = config.JETMON_PID_FILE;
  const pid = path === undefined ? null : readPidFile(path);
  const found = await serverOfFolder(config);
  if (pid === null || path === undefined || pid === found?.pid) return found;
  if (!isRunning(pid)) return found;
  if (!looksLikeServer(pid)) {
    throw new AppError('process_unusable', `${path} names process ${pid}, which is not a server of jetmon2`, {
      fix: 'remove the file if no server runs',
    });
  }
  return { pid, access: null };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** An id that was left behind may be anybody's by now. Where the system does not tell, it is believed. */
function looksLikeServer(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('serve') && words.some((word) => /(^|\/)(src\/main\.ts|jetmon2)$/.test(word));
  } catch {
    return !existsSync('/proc/self/cmdline');
  }
}

/** Throws `process_unusable` where the process cannot be told. */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGHUP'): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new AppError('process_unusable', `process ${pid} cannot be sent a signal (${code})`, {
      fix: 'run this as the user that runs the server',
      cause,
    });
  }
}

/** Whether the process wrote everything and said so before it ended; null when the database cannot tell. */
export async function endedInOrder(config: Config, pid: number): Promise<boolean | null> {
  try {
    const db = await openToRead(config.DATABASE_URL);
    try {
      const health = await readProcessHealth(db, hostname());
      return health === null || health.pid !== pid ? null : health.state === 'stopped';
    } finally {
      await db.close();
    }
  } catch {
    return null;
  }
}
