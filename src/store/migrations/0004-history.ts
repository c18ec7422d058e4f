/** The tables of check history: failures one by one, healthy samples as a journal and as packed blocks (adr/0014). */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

export async function createHistoryTables(db: Executor, dialect: Dialect): Promise<void> {
  await createFailures(db, dialect);
  await createJournal(db, dialect);
  await createBlocks(db, dialect);
  await createUpkeep(db, dialect);
}

/** Spec/01 section 11.3, with the reason in words; no URL is stored. */
async function createFailures(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_check_history')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('endpoint_id', 'bigint')
    .addColumn('request_method', 'varchar(16)', (column) => column.notNull().defaultTo('GET'))
    .addColumn('http_code', 'smallint')
    .addColumn('error_code', 'smallint')
    .addColumn('reason', 'varchar(64)', (column) => column.notNull())
    .addColumn('rtt_ms', 'integer')
    .addColumn('dns_ms', 'integer')
    .addColumn('tcp_ms', 'integer')
    .addColumn('tls_ms', 'integer')
    .addColumn('ttfb_ms', 'integer')
    .addColumn('checked_at', 'bigint', (column) => column.notNull())
    // A look that is written again, because nobody knew whether it was, is there once.
    .addUniqueConstraint('check_history_look', ['endpoint_id', 'checked_at'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'check_history_site', 'jetmon_check_history', ['blog_id', 'checked_at']);
  await dialect.ensureIndex(db, 'check_history_checked', 'jetmon_check_history', ['checked_at']);
}

async function createJournal(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_history_journal')
    .ifNotExists()
    .addColumn('id', dialect.idType, (column) => column.primaryKey().autoIncrement())
    .addColumn('hour_ms', 'bigint', (column) => column.notNull())
    .addColumn('state', 'smallint', (column) => column.notNull())
    .addColumn('shard', 'smallint', (column) => column.notNull())
    .addColumn('from_ms', 'bigint', (column) => column.notNull())
    .addColumn('to_ms', 'bigint', (column) => column.notNull())
    .addColumn('samples', 'integer', (column) => column.notNull())
    .addColumn('writer', 'varchar(64)', (column) => column.notNull())
    .addColumn('body', dialect.blobType, (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'history_journal_hour', 'jetmon_history_journal', ['state', 'hour_ms']);
  await dialect.ensureIndex(db, 'history_journal_shard', 'jetmon_history_journal', ['shard', 'to_ms']);
  await dialect.ensureIndex(db, 'history_journal_newest', 'jetmon_history_journal', ['to_ms']);
}

async function createBlocks(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_history_blocks')
    .ifNotExists()
    .addColumn('endpoint_id', 'bigint', (column) => column.notNull())
    .addColumn('start_ms', 'bigint', (column) => column.notNull())
    .addColumn('span', 'smallint', (column) => column.notNull())
    .addColumn('day_ms', 'bigint', (column) => column.notNull())
    .addColumn('end_ms', 'bigint', (column) => column.notNull())
    .addColumn('blog_id', 'bigint', (column) => column.notNull())
    .addColumn('samples', 'integer', (column) => column.notNull())
    .addColumn('body', dialect.blobType, (column) => column.notNull())
    .addPrimaryKeyConstraint('history_blocks_key', ['endpoint_id', 'start_ms', 'span'])
    .modifyEnd(dialect.tableOptions)
    .execute();
  await dialect.ensureIndex(db, 'history_blocks_day', 'jetmon_history_blocks', ['span', 'day_ms', 'endpoint_id']);
}

/** One row: whoever rewrites history holds it locked, so that processes that share a database take turns. */
async function createUpkeep(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_history_upkeep')
    .ifNotExists()
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('turns', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  const row = { id: 1, turns: 0 };
  await dialect.upsert(db, { table: 'jetmon_history_upkeep', rows: [row], key: ['id'], keep: ['turns'] });
}
