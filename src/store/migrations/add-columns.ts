/** Columns for tables that are there already, in a way that may be repeated. */
import type { AlterTableColumnAlteringBuilder } from 'kysely';
import type { Executor } from '../schema.ts';

type ColumnType = Parameters<AlterTableColumnAlteringBuilder['addColumn']>[1];

/** Adds those that are missing, one by one, because SQLite adds no more at once. */
export async function addColumns(db: Executor, table: string, columns: Readonly<Record<string, ColumnType>>) {
  const tables = await db.introspection.getTables();
  const there = new Set(tables.find(({ name }) => name === table)?.columns.map(({ name }) => name));
  for (const [name, type] of Object.entries(columns)) {
    if (!there.has(name)) await db.schema.alterTable(table).addColumn(name, type).execute();
  }
}
