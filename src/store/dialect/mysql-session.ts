/** What a session and its server must be like: set where it can be set, then read back and believed only then. */
import type { Log } from '../../telemetry/log.ts';
import { type PooledConnection, rowsOf } from './mysql-answers.ts';
import { READ_ONLY, REPLICA, unavailable, unusable } from './mysql-trouble.ts';

/** Strict, so that text that is too long is refused and not cut; backslashes escape, as the driver counts on. */
const SQL_MODE = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
/** Of a text put together of many rows; what goes beyond is cut off, which by default is after 1 KiB. */
const TEXT_BYTES = 1_048_576;
const REFUSED_MODES = ['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'PIPES_AS_CONCAT', 'NO_UNSIGNED_SUBTRACTION'];

/**
 * A list of any length is looked up in the index and not guessed at: a guess may read, and lock, the whole table. Rejects
 * with AppError `db_unavailable` when the server keeps a setting of its own.
 */
export async function setUpSession(connection: PooledConnection, lockWaitSeconds: number, name: string): Promise<void> {
  await connection.ask('set session transaction isolation level read committed');
  await connection.ask(
    `set session sql_mode = '${SQL_MODE}', time_zone = '+00:00', innodb_lock_wait_timeout = ${lockWaitSeconds}, autocommit = 1, eq_range_index_dive_limit = 0, group_concat_max_len = ${TEXT_BYTES}`,
  );
  const is = await variables(connection, ['sql_mode', 'time_zone', 'innodb_lock_wait_timeout', 'autocommit']);
  // Older servers know the first name, newer ones the second, some both.
  const isolation = await variables(connection, ['tx_isolation', 'transaction_isolation']);
  const modes = is.get('sql_mode')?.split(',') ?? [];
  const wrong =
    [...isolation].find(([, value]) => value !== 'READ-COMMITTED') ??
    (isolation.size === 0 ? ['transaction_isolation', 'nothing'] : undefined) ??
    (modes.includes('STRICT_TRANS_TABLES') && !modes.some((mode) => REFUSED_MODES.includes(mode))
      ? undefined
      : ['sql_mode', modes.join(',')]) ??
    differing(is, { time_zone: '+00:00', innodb_lock_wait_timeout: String(lockWaitSeconds), autocommit: 'ON' });
  if (wrong === undefined) return;
  throw unavailable(name, {
    cause: `keeps ${wrong[0]} at ${wrong[1]}, whatever a session asks for`,
    fix: 'let sessions change that setting; a proxy on the way may hinder them',
  });
}

function differing(is: ReadonlyMap<string, string>, wanted: Record<string, string>): string[] | undefined {
  const entry = Object.entries(wanted).find(([key, value]) => is.get(key) !== value);
  return entry === undefined ? undefined : [entry[0], is.get(entry[0]) ?? 'nothing'];
}

/** Throws AppError `database_unusable` for a server that is too old, or not the one that is written to. */
export async function judgeServer(connection: PooledConnection, name: string, log: Log | undefined): Promise<void> {
  const [row] = rowsOf(await connection.ask('select version() as version'));
  const version = String(row?.['version'] ?? '');
  if (!isSupported(version)) {
    throw unusable(name, {
      cause: `is ${version.replace(/[^\w.+:~-]/g, '').slice(0, 60)}, which is too old`,
      fix: 'use MySQL 8 or MariaDB 10.6, or newer',
    });
  }
  const is = await variables(connection, ['read_only', 'super_read_only', 'innodb_read_only']);
  if ([...is.values()].some((value) => value !== 'OFF')) throw unusable(name, READ_ONLY);
  if (await isReplica(connection)) throw unusable(name, REPLICA);
  const flush = await variables(connection, ['innodb_flush_log_at_trx_commit']);
  if (flush.get('innodb_flush_log_at_trx_commit') !== '1') {
    log?.warn(
      { database: name, innodb_flush_log_at_trx_commit: flush.get('innodb_flush_log_at_trx_commit') ?? null },
      'the database may lose events when its machine fails; set innodb_flush_log_at_trx_commit to 1',
    );
  }
}

/** `version()`: MySQL 8 or MariaDB 10.6, or newer. */
export function isSupported(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const at = Number(major) * 100 + Number(minor);
  return at >= (/mariadb/i.test(version) ? 1_006 : 800);
}

/** A user without the right to ask is not told, and old servers do not know the words; `read_only` is the better sign. */
async function isReplica(connection: PooledConnection): Promise<boolean> {
  try {
    return rowsOf(await connection.ask('show replica status')).length > 0;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && (error.errno === 1227 || error.errno === 1064)) return false;
    throw error;
  }
}

async function variables(connection: PooledConnection, names: readonly string[]): Promise<Map<string, string>> {
  const list = names.map((name) => `'${name}'`).join(', ');
  const rows = rowsOf(await connection.ask(`show session variables where variable_name in (${list})`));
  return new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
}
