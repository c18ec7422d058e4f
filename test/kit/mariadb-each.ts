/** Runs before every test of the project `mariadb`: without a server it is skipped by name, or fails where `CI` is set. */
import { beforeEach, inject } from 'vitest';
import { type MariadbAccess, mariadbAt } from './mariadb.ts';
import { copyMadeTables } from './mariadb-made.ts';
import './mariadb-run.ts';
import { wantOf } from './services.ts';

/** The server the tests run on; null in every other project. */
export function testMariadb(): MariadbAccess | null {
  const provided = inject('mariadb');
  return provided !== undefined && 'port' in provided ? mariadbAt(provided.port) : null;
}

/** Gives a new database of the tests' server the tables of a migrated one; leaves one that holds something as it is. */
export async function fillTestMariadb(database: string): Promise<void> {
  const provided = inject('mariadb');
  if (provided === undefined || !('port' in provided)) return;
  await copyMadeTables(mariadbAt(provided.port), database, provided.made);
}

beforeEach((context) => {
  const provided = inject('mariadb');
  if (provided === undefined || 'port' in provided) return;
  if (wantOf(null, process.env['CI']) === 'fail') throw new Error(`MariaDB cannot be had: ${provided.missing}`);
  context.skip(`needs MariaDB: ${provided.missing}`);
});
