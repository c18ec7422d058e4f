/** SQLite through Node's own driver: the adapter Kysely needs, and the few statements that MySQL spells differently. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import type { Dialect } from './dialect.ts';
import { asUnavailable } from './sqlite-trouble.ts';

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

/** Prepared statements kept; the store has far fewer, so only generated texts (batches, lists) ever leave. */
const MAX_STATEMENTS = 250;

/** Kysely on an open file. Destroying it closes the file. */
export function kyselyOn(file: DatabaseSync): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database: adapt(file) }) });
}

function adapt(file: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => file.close(),
    prepare(text) {
      // A full disk ends the transaction by itself; asking again would hide that error behind another.
      if (text === 'rollback' && !file.isTransaction) return ALREADY_ROLLED_BACK;
      // A transaction that reads first and writes later would fail, not wait, when another process wrote in between.
      const statement = statements.get(text) ?? prepare(file, text === 'begin' ? 'begin immediate' : text);
      statements.delete(text);
      statements.set(text, statement);
      const oldest = statements.keys().next();
      if (statements.size > MAX_STATEMENTS && !oldest.done) statements.delete(oldest.value);
      return statement;
    },
  };
}

function prepare(file: DatabaseSync, text: string): SqliteStatement {
  const statement = asUnavailable(() => file.prepare(text));
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => asUnavailable(() => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters) => asUnavailable(() => statement.run(...(parameters as SQLInputValue[]))),
    // Its own statement: while one is being read row by row, running it again would start it over.
    iterate: (parameters) => file.prepare(text).iterate(...(parameters as SQLInputValue[])),
  };
}

const ALREADY_ROLLED_BACK: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};
