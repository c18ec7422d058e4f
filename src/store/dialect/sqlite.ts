/** The embedded database: how it is opened, and the few statements that MySQL spells differently. */
import { Kysely, sql } from 'kysely';
import { LEGACY_TABLE } from '../legacy.ts';
import type { Schema } from '../schema.ts';
import type { Dialect, OpenedDatabase } from './dialect.ts';
import { copySqliteFile } from './sqlite-copy.ts';
import { connectionsOn } from './sqlite-driver.ts';
import { freshThreads, type SqliteThreads } from './sqlite-link.ts';
import { asUnusable } from './sqlite-trouble.ts';
import { type StatementWatcher, watchedDialect } from './watched-dialect.ts';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  idType: 'integer',
  // Only a column of exactly this type is the row id.
  legacyIdType: sql`integer`,
  unsigned: (type, width) => sql.raw(`unsigned ${type}(${width})`),
  blobType: sql`blob`,
  longTextType: sql`mediumtext`,
  tableOptions: sql``,
  nowMs: sql<bigint>`cast(unixepoch('subsec') * 1000 as integer)`,
  lockForUpdate: (query) => query,
  lockForShare: (query) => query,
  migrationStep: (kysely, run) => kysely.transaction().execute(run),
  async ensureIndex(db, name, table, columns) {
    await db.schema
      .createIndex(name)
      .ifNotExists()
      .on(table)
      .columns([...columns])
      .execute();
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
      .onConflict((conflict) => {
        const target = conflict.columns([...key]);
        if (updates.length === 0) return target.doNothing();
        return target.doUpdateSet((eb) =>
          Object.fromEntries(updates.map((name) => [name, eb.ref(`excluded.${name}`)])),
        );
      })
      .execute();
  },
};

/**
 * Opens a file in a thread of its own and hands it out as it is: its tables are not looked at. Throws AppError
 * `database_unusable`, or `db_unavailable` when the thread ends.
 */
export async function openSqlite(
  path: string,
  {
    threads = freshThreads,
    onStatement,
  }: { threads?: SqliteThreads | undefined; onStatement?: StatementWatcher | undefined } = {},
): Promise<OpenedDatabase> {
  const thread = threads.take();
  try {
    await thread.ask({ kind: 'open', path, companion: LEGACY_TABLE });
  } catch (error) {
    await threads.giveBack(thread);
    throw asUnusable(path, error);
  }
  const connections = connectionsOn(thread);
  const kysely = new Kysely<Schema>({ dialect: watchedDialect(connections.dialect, onStatement) });
  const snapshots = new Kysely<Schema>({ dialect: connections.snapshots });
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    await connections.drain();
    try {
      if (thread.isAlive()) await thread.ask({ kind: 'close' });
    } finally {
      await threads.giveBack(thread);
    }
  }

  return {
    kysely,
    dialect: sqliteDialect,
    name: path,
    path,
    transaction: (run) => kysely.transaction().execute(run),
    snapshot: (run) => snapshots.transaction().execute(run),
    copyTo: (target, options) => copySqliteFile(path, target, options),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
