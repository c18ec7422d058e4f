/** Subscribers (spec/05 sections 3.1 and 4.1) and the outbox of both families (section 2.7). */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

export async function createDeliveryTables(db: Executor, dialect: Dialect): Promise<void> {
  await createWebhooks(db, dialect);
  await createContacts(db, dialect);
  await createDeliveries(db, dialect);
  // The version of all subscribers, and the row that those who claim deliveries take turns by.
  const rows = ['subscriptions', 'delivery_claims'].map((name) => ({ name, next_value: 1 }));
  await dialect.upsert(db, { table: 'jetmon_sequences', rows, key: ['name'], keep: ['next_value'] });
}

async function createWebhooks(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_webhooks')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('url', 'varchar(2083)', (column) => column.notNull())
    .addColumn('active', 'smallint', (column) => column.notNull().defaultTo(1))
    .addColumn('owner_tenant_id', 'varchar(128)')
    .addColumn('events', 'text', (column) => column.notNull())
    .addColumn('site_filter', dialect.longTextType, (column) => column.notNull())
    .addColumn('state_filter', 'text', (column) => column.notNull())
    .addColumn('secret', 'varchar(80)', (column) => column.notNull())
    .addColumn('secret_preview', 'varchar(8)', (column) => column.notNull())
    .addColumn('created_by', 'varchar(128)', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'webhooks_tenant', 'jetmon_webhooks', ['owner_tenant_id']);
}

async function createContacts(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_alert_contacts')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('label', 'varchar(128)', (column) => column.notNull())
    .addColumn('active', 'smallint', (column) => column.notNull().defaultTo(1))
    .addColumn('owner_tenant_id', 'varchar(128)')
    .addColumn('transport', 'varchar(16)', (column) => column.notNull())
    .addColumn('destination', 'text', (column) => column.notNull())
    .addColumn('destination_preview', 'varchar(8)', (column) => column.notNull())
    .addColumn('site_filter', dialect.longTextType, (column) => column.notNull())
    .addColumn('min_severity', 'smallint', (column) => column.notNull().defaultTo(4))
    .addColumn('max_per_hour', 'integer', (column) => column.notNull().defaultTo(60))
    .addColumn('created_by', 'varchar(128)', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'contacts_tenant', 'jetmon_alert_contacts', ['owner_tenant_id']);
}

/** Bytes that were signed once must be the same at every attempt, so the payload is text: a JSON column rewrites it. */
async function createDeliveries(db: Executor, dialect: Dialect): Promise<void> {
  const table = 'jetmon_deliveries';
  await db.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('family', 'varchar(16)', (column) => column.notNull())
    .addColumn('subscriber_id', 'bigint', (column) => column.notNull())
    .addColumn('transition_id', 'bigint', (column) => column.notNull())
    .addColumn('event_id', 'bigint', (column) => column.notNull())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('event_type', 'varchar(64)', (column) => column.notNull())
    .addColumn('severity', 'smallint', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('status', 'varchar(16)', (column) => column.notNull().defaultTo('pending'))
    .addColumn('attempt', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('lease_token', 'varchar(64)')
    .addColumn('lease_until', 'bigint')
    .addColumn('last_status_code', 'integer')
    .addColumn('last_response', 'varchar(2048)')
    .addColumn('last_attempt_at', 'bigint')
    .addColumn('delivered_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('deliveries_once', ['family', 'subscriber_id', 'transition_id'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  // With who it is for, so that the rows of one who is busy are passed over in the index alone.
  await dialect.ensureIndex(db, 'deliveries_due', table, ['status', 'next_attempt_at', 'family', 'subscriber_id']);
  await dialect.ensureIndex(db, 'deliveries_leased', table, ['lease_until']);
  await dialect.ensureIndex(db, 'deliveries_subscriber', table, ['family', 'subscriber_id', 'created_at']);
  await dialect.ensureIndex(db, 'deliveries_event', table, ['event_id']);
  await dialect.ensureIndex(db, 'deliveries_delivered', table, ['status', 'delivered_at']);
  await dialect.ensureIndex(db, 'deliveries_attempted', table, ['status', 'last_attempt_at']);
}
