/** The first tables, in their final shape: the shared registry where it is missing, and everything of ours beside it. */
import { type CreateTableBuilder, sql } from 'kysely';
import type { Dialect } from '../dialect/dialect.ts';
import { createLegacyTable, LEGACY_TABLE } from '../legacy.ts';
import type { Executor } from '../schema.ts';

export async function createFirstTables(db: Executor, dialect: Dialect): Promise<void> {
  await createSequences(db, dialect);
  await createRegistryIfAbsent(db, dialect);
  await createEvents(db, dialect);
  await createTransitions(db, dialect);
  await createSidecars(db, dialect);
  await createApiKeys(db, dialect);
}

async function createSequences(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_sequences')
    .ifNotExists()
    .addColumn('name', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('next_value', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}

/**
 * We may hand out blog ids only in a registry that is ours alone. The row that says so is written before the table,
 * so that a run that was cut short between the two comes to the same end.
 */
async function createRegistryIfAbsent(db: Executor, dialect: Dialect): Promise<void> {
  const tables = await db.introspection.getTables();
  if (tables.some((table) => table.name === LEGACY_TABLE)) return;
  const row = { name: 'blog_id', next_value: 1 };
  await dialect.upsert(db, { table: 'jetmon_sequences', rows: [row], key: ['name'], keep: ['next_value'] });
  await createLegacyTable(db, dialect);
}

/** Spec/01 section 4, with `version` for the rule "one mutation, one transition". */
async function createEvents(db: Executor, dialect: Dialect): Promise<void> {
  const identity = sql`case when ended_at is null then concat(
    blog_id, ':', coalesce(endpoint_id, 0), ':', check_type, ':', coalesce(discriminator, '')) end`;
  await db.schema
    .createTable('jetmon_events')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('endpoint_id', 'bigint')
    .addColumn('check_type', 'varchar(64)', (column) => column.notNull())
    .addColumn('discriminator', 'varchar(128)')
    .addColumn('severity', 'smallint', (column) => column.notNull())
    .addColumn('state', 'varchar(32)', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('resolution_reason', 'varchar(64)')
    .addColumn('cause_event_id', 'bigint')
    .addColumn('metadata', dialect.longTextType)
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('dedup_key', 'varchar(255)', (column) => column.generatedAlwaysAs(identity).stored().unique())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'events_site_started', 'jetmon_events', ['blog_id', 'started_at']);
  await dialect.ensureIndex(db, 'events_site_ended', 'jetmon_events', ['blog_id', 'ended_at']);
  await dialect.ensureIndex(db, 'events_check_started', 'jetmon_events', ['check_type', 'started_at']);
  await dialect.ensureIndex(db, 'events_cause', 'jetmon_events', ['cause_event_id']);
}

/** Spec/01 section 5, with the place in the event (`seq`), the operation (`op_id`) and the lease it was written under. */
async function createTransitions(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_event_transitions')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('event_id', 'bigint', (column) => column.notNull())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('severity_before', 'smallint')
    .addColumn('severity_after', 'smallint')
    .addColumn('state_before', 'varchar(32)')
    .addColumn('state_after', 'varchar(32)')
    .addColumn('reason', 'varchar(64)', (column) => column.notNull())
    .addColumn('source', 'varchar(255)', (column) => column.notNull().defaultTo('local'))
    .addColumn('metadata', dialect.longTextType)
    .addColumn('op_id', 'varchar(160)', (column) => column.notNull().unique())
    .addColumn('epoch', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('transitions_event_seq', ['event_id', 'seq'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'transitions_event_changed', 'jetmon_event_transitions', ['event_id', 'changed_at']);
  await dialect.ensureIndex(db, 'transitions_site_changed', 'jetmon_event_transitions', ['blog_id', 'changed_at']);
  await dialect.ensureIndex(db, 'transitions_changed', 'jetmon_event_transitions', ['changed_at']);
}

/** What the registry has no columns for, one row per endpoint (spec/01 section 12.3). */
async function createSidecars(db: Executor, dialect: Dialect): Promise<void> {
  await sidecar(db, dialect, 'jetmon_endpoint_check_config')
    .addColumn('check_interval_seconds', 'integer')
    .addColumn('timeout_seconds', 'integer')
    .addColumn('removed_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await sidecar(db, dialect, 'jetmon_endpoint_runtime')
    .addColumn('last_checked_at', 'bigint')
    .addColumn('last_state', 'varchar(32)')
    .addColumn('last_reason', 'varchar(64)')
    .addColumn('last_summary', 'varchar(1024)')
    .addColumn('http_code', 'integer')
    .addColumn('address', 'varchar(64)')
    .addColumn('dns_ms', 'double precision')
    .addColumn('tcp_ms', 'double precision')
    .addColumn('tls_ms', 'double precision')
    .addColumn('ttfb_ms', 'double precision')
    .addColumn('body_ms', 'double precision')
    .addColumn('total_ms', 'double precision')
    .addColumn('ssl_expires_at', 'bigint')
    .addColumn('failing_event_id', 'bigint')
    .addColumn('failing_since', 'bigint')
    .addColumn('failing_attempts', 'integer')
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'check_config_site', 'jetmon_endpoint_check_config', ['blog_id']);
  await dialect.ensureIndex(db, 'runtime_site', 'jetmon_endpoint_runtime', ['blog_id']);
  await dialect.ensureIndex(db, 'runtime_checked', 'jetmon_endpoint_runtime', ['last_checked_at', 'source_site_id']);
}

function sidecar(db: Executor, dialect: Dialect, table: string): CreateTableBuilder<string> {
  return db.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('source_site_id', dialect.idType, (column) => column.primaryKey())
    .addColumn('blog_id', 'bigint', (column) => column.notNull());
}

/** Spec/04 section 3. */
async function createApiKeys(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_api_keys')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('key_hash', 'char(64)', (column) => column.notNull().unique())
    .addColumn('consumer_name', 'varchar(128)', (column) => column.notNull())
    .addColumn('scope', 'varchar(16)', (column) => column.notNull().defaultTo('read'))
    .addColumn('rate_limit_per_minute', 'integer', (column) => column.notNull().defaultTo(60))
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'varchar(128)', (column) => column.notNull().defaultTo('cli'))
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'api_keys_consumer', 'jetmon_api_keys', ['consumer_name']);
}
