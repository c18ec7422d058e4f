/** Finds the oldest rows of the audit trail, whoever's they are, so that they can go. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';

export async function indexAuditByAge(db: Executor, dialect: Dialect): Promise<void> {
  await dialect.ensureIndex(db, 'audit_created', 'jetmon_audit_log', ['created_at']);
}
