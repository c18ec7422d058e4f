/** How an endpoint is probed (spec/01 section 12.3), and two more phases of a probe: columns beside those that are there. */
import type { Executor } from '../schema.ts';

type ColumnType = 'varchar(500)' | 'varchar(160)' | 'varchar(16)' | 'text' | 'smallint' | 'double precision';

const PLAN: Readonly<Record<string, ColumnType>> = {
  check_keyword: 'varchar(500)',
  forbidden_keyword: 'varchar(500)',
  forbidden_keywords: 'text',
  custom_headers: 'text',
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

export async function addProbeColumns(db: Executor): Promise<void> {
  await addMissing(db, 'jetmon_endpoint_check_config', PLAN);
  await addMissing(db, 'jetmon_endpoint_runtime', PHASES);
}

/** One by one, because SQLite adds no more at once. */
async function addMissing(db: Executor, table: string, columns: typeof PLAN): Promise<void> {
  const tables = await db.introspection.getTables();
  const there = new Set(tables.find(({ name }) => name === table)?.columns.map(({ name }) => name));
  for (const [name, type] of Object.entries(columns)) {
    if (!there.has(name)) await db.schema.alterTable(table).addColumn(name, type).execute();
  }
}
