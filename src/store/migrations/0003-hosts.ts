/** Hosts, the leases of buckets, and what each process last said of itself. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

/** Buckets there are rows for; a registry may use fewer. */
const BUCKETS = 1_024;
const ROWS_PER_STATEMENT = 256;

export async function createHostTables(db: Executor, dialect: Dialect): Promise<void> {
  await createHosts(db, dialect);
  await createBuckets(db, dialect);
  await createProcessHealth(db, dialect);
}

/** Spec/01 section 11.5; a host without buckets has no range. */
async function createHosts(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_hosts')
    .ifNotExists()
    .addColumn('host_id', 'varchar(255)', (column) => column.primaryKey())
    .addColumn('bucket_min', 'integer')
    .addColumn('bucket_max', 'integer')
    .addColumn('last_heartbeat', 'bigint', (column) => column.notNull())
    .addColumn('status', 'varchar(16)', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}

/**
 * Every row is there from the start: who claims a bucket for the first time must find something to lock. Rows are few and
 * have no second index, so all who lock them come in the order of the buckets.
 */
async function createBuckets(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_buckets')
    .ifNotExists()
    .addColumn('bucket', 'integer', (column) => column.primaryKey())
    .addColumn('owner', 'varchar(255)')
    .addColumn('epoch', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('expires_at', 'bigint')
    .modifyEnd(dialect.tableOptions)
    .execute();
  for (let from = 0; from < BUCKETS; from += ROWS_PER_STATEMENT) {
    const rows = Array.from({ length: ROWS_PER_STATEMENT }, (_, index) => ({ bucket: from + index, epoch: 0 }));
    await dialect.upsert(db, { table: 'jetmon_buckets', rows, key: ['bucket'], keep: ['epoch'] });
  }
}

/** Spec/06 section 5. */
async function createProcessHealth(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_process_health')
    .ifNotExists()
    .addColumn('process_id', 'varchar(320)', (column) => column.primaryKey())
    .addColumn('host_id', 'varchar(255)', (column) => column.notNull())
    .addColumn('process_type', 'varchar(32)', (column) => column.notNull())
    .addColumn('pid', 'bigint', (column) => column.notNull())
    .addColumn('version', 'varchar(64)', (column) => column.notNull())
    .addColumn('build_date', 'varchar(64)')
    .addColumn('runtime_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('health_status', 'varchar(16)', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('bucket_min', 'integer')
    .addColumn('bucket_max', 'integer')
    .addColumn('bucket_ownership', 'varchar(64)')
    .addColumn('api_port', 'integer')
    .addColumn('dashboard_port', 'integer')
    .addColumn('delivery_workers_enabled', 'smallint', (column) => column.notNull().defaultTo(0))
    .addColumn('delivery_owner_host', 'varchar(255)')
    .addColumn('worker_count', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('active_checks', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('queue_depth', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('retry_queue_size', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('wpcom_circuit_open', 'smallint', (column) => column.notNull().defaultTo(0))
    .addColumn('wpcom_queue_depth', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('runtime_mem_mb', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('rss_mem_mb', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('dependency_health', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
}
