/** Whose words the title of a maintenance window is, and from where a key is taken. */
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function addWhoseWords(db: Executor): Promise<void> {
  await addColumns(db, 'jetmon_maintenance_windows', { words_of_tenant: 'varchar(128)' });
  await addColumns(db, 'jetmon_api_keys', { allowed_from: 'varchar(1024)' });
}
