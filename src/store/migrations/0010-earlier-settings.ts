/**
 * What endpoints and rules were before they were changed, since when the own window of an endpoint stands, and which
 * request a window was planned by.
 */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

const TABLE = 'jetmon_earlier_settings';

export async function createEarlierSettings(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable(TABLE)
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('endpoint_id', 'bigint')
    .addColumn('until_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'varchar(16)')
    .addColumn('check_interval_seconds', 'integer')
    .addColumn('rules', dialect.longTextType)
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'earlier_settings_site', TABLE, ['blog_id', 'until_at']);
  await addColumns(db, 'jetmon_endpoint_check_config', { maintenance_set_at: 'bigint' });
  await addColumns(db, 'jetmon_maintenance_windows', { request_slot: 'varchar(64)' });
  await dialect.ensureIndex(db, 'maintenance_request', 'jetmon_maintenance_windows', ['request_slot']);
}
