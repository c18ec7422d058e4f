/** Applies the migrations a database lacks, each in a transaction of its own; refuses a database from the future. */
import type { Kysely } from 'kysely';
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor, Schema } from '../schema.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

const TABLE = 'jetmon_schema_migrations';

export async function migrate(options: {
  kysely: Kysely<Schema>;
  dialect: Dialect;
  clock: Clock;
  /** What to call the database in messages. */
  name: string;
  log?: Log | undefined;
  migrations?: readonly Migration[];
}): Promise<void> {
  const { kysely, dialect, clock, log, migrations = MIGRATIONS } = options;
  const applied = await appliedIn(kysely);
  refuseNewer(options.name, applied, migrations);
  for (const migration of migrations) {
    if (applied.has(migration.id)) continue;
    const changed = await dialect.migrationStep(kysely, (db) => apply(db, dialect, clock, migration));
    if (!changed) continue;
    const facts = { migration: migration.id, name: migration.name };
    // That a new database gets its tables is no news; that an old one is changed is.
    if (applied.size === 0) log?.debug(facts, 'tables of a new database made');
    else log?.info(facts, 'database brought up to date');
  }
}

/** False when another process has applied it while we waited for the write lock. */
async function apply(tx: Executor, dialect: Dialect, clock: Clock, migration: Migration): Promise<boolean> {
  await tx.schema
    .createTable(TABLE)
    .ifNotExists()
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .modifyEnd(dialect.tableOptions)
    .execute();
  const there = await tx.selectFrom(TABLE).select('id').where('id', '=', BigInt(migration.id)).executeTakeFirst();
  if (there !== undefined) return false;
  await migration.up(tx, dialect);
  await tx.insertInto(TABLE).values({ id: migration.id, applied_at: clock.nowMs() }).execute();
  return true;
}

async function appliedIn(kysely: Kysely<Schema>): Promise<Set<number>> {
  const tables = await kysely.introspection.getTables();
  if (!tables.some((table) => table.name === TABLE)) return new Set();
  const rows = await kysely.selectFrom(TABLE).select('id').execute();
  return new Set(rows.map((row) => Number(row.id)));
}

function refuseNewer(name: string, applied: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const known = Math.max(0, ...migrations.map((migration) => migration.id));
  const newest = Math.max(0, ...applied);
  const unknown = [...applied].filter((id) => !migrations.some((migration) => migration.id === id));
  if (unknown.length === 0) return;
  throw new AppError(
    'database_newer',
    `database ${name} has been changed by a newer program: it is at migration ${newest}, this program knows up to ${known}`,
    { fix: 'use the newer program, or restore a backup from before it was used', details: { unknown } },
  );
}
