/** MySQL 8 and MariaDB from 10.6: what they spell their own way, and how such a database is opened and spoken to. */
import { type CompiledQuery, Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from 'kysely';
import { AppError } from '../../domain/errors.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { type Random, systemRandom } from '../../lib/random.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Executor, Schema, Tx } from '../schema.ts';
import type { Dialect, OpenedDatabase } from './dialect.ts';
import type { BareRow } from './mysql-answers.ts';
import { createMysqlDriver, type HandedQuery } from './mysql-driver.ts';
import { createMysqlPool, type PoolSettings } from './mysql-pool.ts';
import { judgeServer } from './mysql-session.ts';
import { asUnusable } from './mysql-trouble.ts';
import { parseMysqlUrl } from './mysql-url.ts';
import { createColumns, type PackedKind } from './packed.ts';
import { createRowCounter } from './row-counter.ts';
import { isDuplicate, isLockConflict } from './trouble.ts';
import { type StatementWatcher, watchedDialect } from './watched-dialect.ts';

const SETTINGS: PoolSettings = { size: 16, connectTimeoutMs: 10_000, deadlineMs: 30_000, lockWaitSeconds: 3 };
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 25;
/** How long a process waits while another changes the tables, in turns that are shorter than any deadline. */
const MIGRATION_WAIT_TURNS = 60;
const MIGRATION_WAIT_SECONDS = 5;

export const mysqlDialect: Dialect = {
  name: 'mysql',
  writersAtOnce: 4,
  idType: 'bigint',
  legacyIdType: sql`bigint(20) unsigned`,
  unsigned: (type, width) => sql.raw(`${type}(${width}) unsigned`),
  blobType: sql`mediumblob`,
  longTextType: sql`mediumtext`,
  tableOptions: sql`engine=InnoDB row_format=dynamic default charset=utf8mb4 collate=utf8mb4_bin`,
  nowMs: sql<bigint>`cast(unix_timestamp(now(3)) * 1000 as signed)`,
  lockForUpdate: (query) => query.forUpdate(),
  // MariaDB does not know `for share`.
  lockForShare: (query) => query.modifyEnd(sql`lock in share mode`),
  readBy: (alias, index) => sql`${sql.id(alias)} force index (${sql.id(index)})`,
  async ensureIndex(db, name, table, columns) {
    const { rows } = await sql`
      select 1 from information_schema.statistics
      where table_schema = database() and table_name = ${table} and index_name = ${name} limit 1`.execute(db);
    if (rows.length > 0) return;
    await db.schema
      .createIndex(name)
      .on(table)
      .columns([...columns])
      .execute();
  },
  async countFrom(db, table) {
    // The server raises it to the next free one.
    await sql`alter table ${sql.table(table)} auto_increment = 1`.execute(db);
  },
  async upsert(db, { table, rows, key, keep = [] }) {
    const [first] = rows;
    if (first === undefined) return;
    const fixed: readonly string[] = [...key, ...keep];
    const updates = Object.keys(first).filter((column) => !fixed.includes(column));
    // The caller's types are checked at the call; inside, a table that is only known by name has no column types.
    const untyped = db as unknown as Kysely<Record<string, Record<string, unknown>>>;
    await untyped
      .insertInto<string>(table)
      .values(rows as readonly Record<string, unknown>[])
      .onDuplicateKeyUpdate(
        updates.length === 0
          ? Object.fromEntries(key.slice(0, 1).map((name) => [name, sql.ref(name)]))
          : Object.fromEntries(updates.map((name) => [name, sql`values(${sql.ref(name)})`])),
      )
      .execute();
  },
  migrationStep: (kysely, run) => kysely.connection().execute((db) => whileAlone(db, () => run(db))),
};

/** Tables change outside of transactions here, so a lock of the server's own keeps two processes apart. */
async function whileAlone<T>(db: Executor, run: () => Promise<T>): Promise<T> {
  const name = sql`concat('jetmon2 tables ', sha1(database()))`;
  for (let turn = 1; ; turn++) {
    const { rows } = await sql<{ got: bigint | null }>`
      select get_lock(${name}, ${MIGRATION_WAIT_SECONDS}) as got`.execute(db);
    if (rows[0]?.got === 1n) break;
    if (turn < MIGRATION_WAIT_TURNS) continue;
    throw new AppError('db_unavailable', 'another process has been changing the tables of the database for minutes', {
      fix: 'wait for it to end, or end it; then start again',
    });
  }
  try {
    return await run();
  } finally {
    // A connection that is lost has lost the lock, too.
    await sql`select release_lock(${name})`.execute(db).catch(() => {});
  }
}

export type MysqlOptions = Partial<PoolSettings> & {
  clock?: Clock | undefined;
  random?: Random | undefined;
  log?: Log | undefined;
  onStatement?: StatementWatcher | undefined;
};

export type MysqlDatabase = OpenedDatabase & {
  /** Transactions that were begun again because another was in their way. */
  retries(): number;
};

/** Throws AppError `database_unsupported` for a URL that is wrong, `database_unusable` for a server that cannot serve. */
export async function openMysql(url: string, options: MysqlOptions = {}): Promise<MysqlDatabase> {
  const { clock = systemClock, random = systemRandom, log, onStatement, ...settings } = options;
  const address = parseMysqlUrl(url);
  const { name } = address;
  const pool = createMysqlPool(address, { ...SETTINGS, ...settings }, clock);
  try {
    const connection = await pool.acquire();
    try {
      await judgeServer(connection, name, log);
    } finally {
      connection.release();
    }
  } catch (error) {
    await pool.close();
    throw asUnusable(name, error);
  }
  const dialect = {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => createMysqlDriver(pool, name),
    createIntrospector: (db: Kysely<unknown>) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  };
  const { plugin, rowsWritten } = createRowCounter();
  const kysely = new Kysely<Schema>({ dialect: watchedDialect(dialect, onStatement), plugins: [plugin] });
  let retries = 0;

  async function transaction<T>(run: (tx: Tx) => Promise<T>, { retryDuplicates = false } = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await kysely.transaction().execute(run);
      } catch (error) {
        if (!isLockConflict(error) && !(retryDuplicates && isDuplicate(error))) throw error;
        if (attempt === ATTEMPTS) throw isLockConflict(error) ? tooBusy(name, error) : error;
        retries += 1;
        await pause(clock, waitMs(attempt, random));
      }
    }
  }

  return {
    kysely,
    dialect: mysqlDialect,
    name,
    path: null,
    transaction,
    snapshot: (run) =>
      kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(run),
    async readPacked(query, kinds, within) {
      const columns = createColumns(kinds);
      const read = Object.values(kinds).map((kind) => VALUE_OF[kind]);
      const row: unknown[] = [];
      const onRow = (sent: BareRow): void => {
        for (const [place, value] of sent.entries()) row[place] = value === null ? null : read[place]?.(value);
        columns.add(row);
      };
      const handed: HandedQuery = { ...(query as CompiledQuery<never>), onRow };
      await (within ?? kysely).executeQuery(handed);
      return columns.packed();
    },
    lost: new Promise(() => {}),
    copyTo: null,
    retries: () => retries,
    rowsWritten,
    close: () => kysely.destroy(),
  };
}

/** What a value is, made of the text that was sent of it. */
const VALUE_OF: Readonly<Record<PackedKind, (sent: Buffer) => unknown>> = {
  id: (sent) => BigInt(wholeIn(sent) ?? sent.toString('latin1')),
  number: (sent) => wholeIn(sent) ?? Number(sent.toString('latin1')),
  text: (sent) => sent.toString('utf8'),
  bytes: (sent) => sent,
};

function tooBusy(name: string, cause: unknown): AppError {
  return new AppError('db_unavailable', `the database ${name} is held up by other transactions`, {
    fix: 'look for long transactions of other programs, then try again',
    cause,
  });
}

const [ZERO, NINE] = [48, 57];
/** So many digits are exact whatever they are. */
const EXACT_DIGITS = 15;

/** A whole number that is not negative, without a text in between; null: it is none, or a long one. */
function wholeIn(sent: Buffer): number | null {
  if (sent.length === 0 || sent.length > EXACT_DIGITS) return null;
  let value = 0;
  for (let at = 0; at < sent.length; at += 1) {
    const digit = sent[at] ?? 0;
    if (digit < ZERO || digit > NINE) return null;
    value = value * 10 + digit - ZERO;
  }
  return value;
}

/** Twice as long each time, give or take a half, so that those who met do not meet again. */
function waitMs(attempt: number, random: Random): number {
  const [byte = 0] = random.bytes(1);
  return FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + byte / 256);
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
