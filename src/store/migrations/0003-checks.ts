/** How sites are checked and judged: per check, per site, and the columns that endpoints still lacked. */
import { sql } from 'kysely';
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function createCheckTables(db: Executor, dialect: Dialect): Promise<void> {
  await createRollupRules(db, dialect);
  await createChecks(db, dialect);
  await createSiteConfig(db, dialect);
  await addColumns(db, 'jetmon_endpoint_check_config', {
    maintenance_start: 'bigint',
    maintenance_end: 'bigint',
    alert_cooldown_minutes: 'integer',
  });
  await addColumns(db, 'jetmon_endpoint_runtime', { next_check_at: 'bigint', last_alert_sent_at: 'bigint' });
  await dialect.ensureIndex(db, 'runtime_next_check', 'jetmon_endpoint_runtime', ['next_check_at', 'source_site_id']);
}

/** Spec/01 section 3.1. */
async function createRollupRules(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_site_rollup_rules')
    .ifNotExists()
    .addColumn('blog_id', dialect.idType, (column) => column.primaryKey())
    .addColumn('rules', dialect.longTextType, (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}

async function createChecks(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_checks')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('endpoint_id', 'bigint')
    .addColumn('check_type', 'varchar(64)', (column) => column.notNull())
    .addColumn('enabled', 'smallint', (column) => column.notNull().defaultTo(1))
    .addColumn('settings', dialect.longTextType, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('endpoint_key', 'bigint', (column) => column.generatedAlwaysAs(sql`coalesce(endpoint_id, 0)`).stored())
    .addUniqueConstraint('checks_identity', ['blog_id', 'endpoint_key', 'check_type'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'checks_endpoint', 'jetmon_checks', ['endpoint_id']);
}

/** Spec/01 section 12.3: what an endpoint leaves open is looked up here. */
async function createSiteConfig(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_site_check_config')
    .ifNotExists()
    .addColumn('blog_id', dialect.idType, (column) => column.primaryKey())
    .addColumn('timeout_seconds', 'integer')
    .addColumn('check_keyword', 'varchar(500)')
    .addColumn('forbidden_keyword', 'varchar(500)')
    .addColumn('forbidden_keywords', dialect.longTextType)
    .addColumn('custom_headers', dialect.longTextType)
    .addColumn('redirect_policy', 'varchar(16)')
    .addColumn('request_method', 'varchar(16)')
    .addColumn('detection_profile', 'varchar(16)')
    .addColumn('expected_status', 'varchar(160)')
    .addColumn('http2', 'smallint')
    .addColumn('maintenance_start', 'bigint')
    .addColumn('maintenance_end', 'bigint')
    .addColumn('alert_cooldown_minutes', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}
