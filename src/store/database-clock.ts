/** What time the database has: the one clock that leases of all hosts are measured by. */
import { sql } from 'kysely';
import type { Dialect } from './dialect/dialect.ts';
import type { Executor } from './schema.ts';

/** Milliseconds since the epoch. Ask after locks are held: waiting for them takes time. */
export async function databaseNow(db: Executor, dialect: Dialect): Promise<bigint> {
  const { rows } = await sql<{ now: bigint }>`select ${dialect.nowMs} as now`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the database did not tell the time');
  return BigInt(row.now);
}
