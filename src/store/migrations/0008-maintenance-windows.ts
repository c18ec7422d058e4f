/** Maintenance as it is planned: once or again and again, for an endpoint, a site, or every site of somebody. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

const TABLE = 'jetmon_maintenance_windows';

export async function createMaintenanceWindows(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable(TABLE)
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint')
    .addColumn('endpoint_id', 'bigint')
    .addColumn('tenant_id', 'varchar(128)')
    .addColumn('title', 'varchar(255)')
    .addColumn('source', 'varchar(16)', (column) => column.notNull())
    .addColumn('start_at', 'bigint', (column) => column.notNull())
    .addColumn('end_at', 'bigint')
    .addColumn('duration_ms', 'bigint', (column) => column.notNull())
    .addColumn('rule', 'varchar(512)')
    .addColumn('zone', 'varchar(64)', (column) => column.notNull())
    .addColumn('effective_from', 'bigint', (column) => column.notNull())
    .addColumn('over_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('removed_at', 'bigint')
    .addColumn('version_of', 'bigint')
    .addColumn('created_by', 'varchar(128)')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'maintenance_site_over', TABLE, ['blog_id', 'over_at']);
  await dialect.ensureIndex(db, 'maintenance_over', TABLE, ['over_at']);
}
