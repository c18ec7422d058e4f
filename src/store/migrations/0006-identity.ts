/** Keys with several scopes, keys of gateways, and keys that are bound to one tenant. */
import { sql } from 'kysely';
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function widenApiKeys(db: Executor, dialect: Dialect): Promise<void> {
  await addColumns(db, 'jetmon_api_keys', {
    is_gateway: sql`smallint not null default 0`,
    tenant_id: 'varchar(128)',
  });
  // SQLite keeps texts of any length, whatever a column says.
  if (dialect.name === 'sqlite') return;
  await db.schema
    .alterTable('jetmon_api_keys')
    .modifyColumn('scope', 'varchar(512)', (column) => column.notNull().defaultTo('read'))
    .execute();
}
