/** Everything beside the event log: what was done, who owns which bucket, who may see what, and who wants to be told. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { createCheckTables } from './0003-checks.ts';
import { createDeliveryTables } from './0003-delivery.ts';
import { createHostTables } from './0003-hosts.ts';

export async function createOperations(db: Executor, dialect: Dialect): Promise<void> {
  await createAuditLog(db, dialect);
  await createFalsePositives(db, dialect);
  await createSiteTenants(db, dialect);
  await createHostTables(db, dialect);
  await createCheckTables(db, dialect);
  await createDeliveryTables(db, dialect);
}

/** Spec/01 section 11.2. */
async function createAuditLog(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_audit_log')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint')
    .addColumn('event_id', 'bigint')
    .addColumn('event_type', 'varchar(64)', (column) => column.notNull())
    .addColumn('source', 'varchar(255)', (column) => column.notNull().defaultTo('local'))
    .addColumn('detail', 'varchar(1024)')
    .addColumn('metadata', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'audit_site_created', 'jetmon_audit_log', ['blog_id', 'created_at']);
  await dialect.ensureIndex(db, 'audit_event', 'jetmon_audit_log', ['event_id']);
  await dialect.ensureIndex(db, 'audit_type_created', 'jetmon_audit_log', ['event_type', 'created_at']);
}

/** Spec/01 section 11.4. */
async function createFalsePositives(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_false_positives')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('http_code', 'smallint')
    .addColumn('error_code', 'smallint')
    .addColumn('rtt_ms', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'false_positives_site', 'jetmon_false_positives', ['blog_id']);
}

/** Spec/04 section 4. */
async function createSiteTenants(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_site_tenants')
    .ifNotExists()
    .addColumn('tenant_id', 'varchar(128)', (column) => column.notNull())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('source', 'varchar(64)', (column) => column.notNull().defaultTo('gateway'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('site_tenants_key', ['tenant_id', 'blog_id'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'site_tenants_site', 'jetmon_site_tenants', ['blog_id']);
}
