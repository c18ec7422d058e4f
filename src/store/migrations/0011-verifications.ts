/** What verifiers said last of an event and of what they refuted, and since when a change is true that was written later. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function createVerifications(db: Executor, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('jetmon_event_verifications')
    .ifNotExists()
    .addColumn('event_id', 'bigint', (column) => column.primaryKey())
    .addColumn('outcome', 'varchar(16)', (column) => column.notNull())
    .addColumn('verified_at', 'bigint', (column) => column.notNull())
    .addColumn('evidence', dialect.longTextType)
    .modifyEnd(dialect.tableOptions)
    .execute();
  await addColumns(db, 'jetmon_event_transitions', { began_at: 'bigint' });
  await addColumns(db, 'jetmon_false_positives', {
    endpoint_id: 'bigint',
    check_type: 'varchar(64)',
    evidence: dialect.longTextType,
  });
}
