/** The tables that the migrations make, kept in a database of their own: copying them takes a tenth of making them for each test. */
import { openDatabase } from '../../src/store/database.ts';
import type { MariadbAccess } from './mariadb.ts';

const MADE = 'jetmon_made';

/** Names of the tables; those with rows come last, and the row that says a migration was applied is the very last. */
export type MadeTables = { empty: readonly string[]; filled: readonly string[] };

export async function makeTables(server: MariadbAccess): Promise<MadeTables> {
  await server.query(`create database ${MADE}`);
  await (await openDatabase({ url: server.url(MADE) })).close();
  const rows = await server.query(
    `select table_name as name from information_schema.tables where table_schema = '${MADE}'`,
  );
  const migrations = 'jetmon_schema_migrations';
  const empty: string[] = [];
  const filled: string[] = [];
  for (const name of rows.map((row) => String(row['name'])).filter((each) => each !== migrations)) {
    const [row] = await server.query(`select exists(select 1 from ${MADE}.${name}) as is_filled`);
    (row?.['is_filled'] === 1 ? filled : empty).push(name);
  }
  return { empty, filled: [...filled, migrations] };
}

/** Does nothing to a database that holds something already. */
export async function copyMadeTables(server: MariadbAccess, database: string, made: MadeTables): Promise<void> {
  const held = await server.query(`select 1 from information_schema.tables where table_schema = '${database}' limit 1`);
  if (held.length > 0) return;
  const { empty, filled } = made;
  const tables = [...empty, ...filled].map((table) => `create table ${database}.${table} like ${MADE}.${table}`);
  const rows = filled.map((table) => `insert into ${database}.${table} select * from ${MADE}.${table}`);
  await server.query(...tables, ...rows);
}
