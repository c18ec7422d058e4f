/** The few statements that the embedded database and MySQL spell differently. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from './dialect.ts';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  writersAtOnce: 1,
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
  // Its own choice is by the shape of the query alone.
  readBy: (alias) => sql.id(alias),
  async ensureIndex(db, name, table, columns) {
    await db.schema
      .createIndex(name)
      .ifNotExists()
      .on(table)
      .columns([...columns])
      .execute();
  },
  async countFrom(db, table) {
    await sql`update sqlite_sequence set seq = (select coalesce(max(id), 0) from ${sql.table(table)})
      where name = ${table}`.execute(db);
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
