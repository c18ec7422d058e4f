/** Whose words the title of a maintenance window is, and from where a key is taken. */
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function addWhoseWords(db: Executor): Promise<void> {
  await addColumns(db, 'jetmon_maintenance_windows', { words_of_tenant: 'varchar(128)' });
  // Who plans for all of a tenant's sites is of it; of plans for single sites it was not kept.
  await db
    .updateTable('jetmon_maintenance_windows')
    .set(({ ref }) => ({ words_of_tenant: ref('tenant_id') }))
    .where('tenant_id', 'is not', null)
    .where('words_of_tenant', 'is', null)
    .execute();
  await addColumns(db, 'jetmon_api_keys', { allowed_from: 'varchar(1024)' });
}
