/**
 * Rows whose ids stand at the end of what an id can be, as a slip of the hand or another program may leave them: every
 * database counts on from the highest id, so that one such row would let no further one in. They are set aside, whole.
 */
import { sql } from 'kysely';
import type { Log } from '../telemetry/log.ts';
import type { Database } from './database.ts';
import type { Tx } from './schema.ts';

/** No count of ours ever comes near it. */
const HIGHEST_PLAUSIBLE_ID = 2n ** 62n;
const COUNTED = ['jetmon_events', 'jetmon_event_transitions', 'jetmon_deliveries', 'jetmon_check_history'] as const;
const ROWS_AT_ONCE = 100;

/** How many rows were set aside. */
export async function parkOverflow(db: Database, log: Pick<Log, 'error'>): Promise<number> {
  let parked = 0;
  for (const table of COUNTED) {
    if (!(await hasOverflow(db, table))) continue;
    const ids = await db.transaction((tx) => park(tx, table));
    await db.dialect.countFrom(db.kysely, table);
    parked += ids.length;
    log.error({ table, ids }, 'rows with ids that nothing can follow were set aside in jetmon_parked_rows');
  }
  return parked;
}

async function hasOverflow(db: Database, table: string): Promise<boolean> {
  const { rows } = await sql<{ id: bigint | null }>`select max(id) as id from ${sql.table(table)}`.execute(db.kysely);
  return (rows[0]?.id ?? 0n) >= HIGHEST_PLAUSIBLE_ID;
}

/** An event goes with all that speaks of it, so that what stays is whole. */
async function park(tx: Tx, table: (typeof COUNTED)[number]): Promise<string[]> {
  const { rows } = await sql<{ id: bigint }>`
    select id from ${sql.table(table)} where id >= ${HIGHEST_PLAUSIBLE_ID} order by id limit ${ROWS_AT_ONCE}`.execute(
    tx,
  );
  const ids = rows.map(({ id }) => id);
  const events = table === 'jetmon_events' ? ids : [];
  if (table === 'jetmon_event_transitions') events.push(...(await eventsOf(tx, ids)));
  if (events.length > 0) {
    await move(tx, 'jetmon_event_transitions', 'event_id', events);
    await move(tx, 'jetmon_event_verifications', 'event_id', events);
    await move(tx, 'jetmon_events', 'id', events);
  }
  await move(tx, table, 'id', ids);
  return ids.map(String);
}

async function eventsOf(tx: Tx, transitionIds: readonly bigint[]): Promise<bigint[]> {
  const rows = await tx
    .selectFrom('jetmon_event_transitions')
    .select('event_id')
    .distinct()
    .where('id', 'in', transitionIds)
    .execute();
  return rows.map(({ event_id }) => event_id);
}

async function move(tx: Tx, table: string, column: string, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  const those = sql`${sql.table(table)} where ${sql.id(column)} in (${sql.join(ids)})`;
  const { rows } = await sql<Record<string, unknown>>`select * from ${those}`.execute(tx);
  for (const row of rows) {
    const body = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    await tx
      .insertInto('jetmon_parked_rows')
      .values({ table_name: table, row_id: String(row['id']), body })
      .execute();
  }
  await sql`delete from ${those}`.execute(tx);
}
