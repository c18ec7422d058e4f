/** Where rows are set aside that would stop the tables they stood in. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

export async function createParkedRows(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_parked_rows')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('table_name', 'varchar(64)', (column) => column.notNull())
    .addColumn('row_id', 'varchar(20)', (column) => column.notNull())
    .addColumn('body', dialect.longTextType, (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}
