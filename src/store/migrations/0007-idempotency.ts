/** What was asked under an idempotency key, and what became of it. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

export async function createIdempotencyTable(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_idempotency')
    .ifNotExists()
    // A digest of tenant, caller, method, route, path and key: together they are too long for an index of MySQL.
    .addColumn('slot', 'char(64)', (column) => column.primaryKey().notNull())
    .addColumn('tenant_id', 'varchar(128)', (column) => column.notNull())
    .addColumn('caller', 'varchar(20)', (column) => column.notNull())
    .addColumn('request_hash', 'char(64)', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('owner', 'varchar(64)', (column) => column.notNull())
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addColumn('status', 'smallint')
    .addColumn('reply', dialect.longTextType)
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  const caller = ['tenant_id', 'caller', 'expires_at'];
  await dialect.ensureIndex(db, 'idempotency_caller', 'jetmon_idempotency', caller);
  await dialect.ensureIndex(db, 'idempotency_expiry', 'jetmon_idempotency', ['expires_at']);
}
