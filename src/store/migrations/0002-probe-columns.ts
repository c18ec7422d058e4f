/** How an endpoint is probed (spec/01 section 12.3), and two more phases of a probe: columns beside those that are there. */
import { sql } from 'kysely';
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

type ColumnType = 'varchar(500)' | 'varchar(160)' | 'varchar(16)' | 'long text' | 'smallint' | 'double precision';

const PLAN: Readonly<Record<string, ColumnType>> = {
  check_keyword: 'varchar(500)',
  forbidden_keyword: 'varchar(500)',
  forbidden_keywords: 'long text',
  custom_headers: 'long text',
  redirect_policy: 'varchar(16)',
  request_method: 'varchar(16)',
  detection_profile: 'varchar(16)',
  expected_status: 'varchar(160)',
  http2: 'smallint',
};

const PHASES: typeof PLAN = {
  sent_ms: 'double precision',
  headers_ms: 'double precision',
};

export async function addProbeColumns(db: Executor, dialect: Dialect): Promise<void> {
  await addMissing(db, dialect, 'jetmon_endpoint_check_config', PLAN);
  await addMissing(db, dialect, 'jetmon_endpoint_runtime', PHASES);
}

/** One by one, because SQLite adds no more at once. */
async function addMissing(db: Executor, dialect: Dialect, table: string, columns: typeof PLAN): Promise<void> {
  const tables = await db.introspection.getTables();
  const there = new Set(tables.find(({ name }) => name === table)?.columns.map(({ name }) => name));
  for (const [name, type] of Object.entries(columns)) {
    if (there.has(name)) continue;
    const columnType = type === 'long text' ? dialect.longTextType : sql.raw(type);
    await db.schema.alterTable(table).addColumn(name, columnType).execute();
  }
}
