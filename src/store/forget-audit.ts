/** What goes of the audit trail by age: a few rows at a time, found before they are touched, so that nobody who writes waits. */
import type { AuditMoment } from './audit.ts';
import type { Executor, Tx } from './schema.ts';

/** Rows of one read and of one transaction. */
const ROWS_AT_ONCE = 500;

export type AgedAudit = {
  /** Those that may go: why somebody was told of an incident, or was not, stays while that is open. */
  ids: bigint[];
  /** The last row that was looked at; null when no older ones are left to look at. */
  last: AuditMoment | null;
};

/** Of the rows from before `beforeMs` the oldest that come after `after`. */
export async function agedAudit(
  db: Executor,
  { beforeMs, after }: { beforeMs: number; after: AuditMoment | null },
): Promise<AgedAudit> {
  let query = db
    .selectFrom('jetmon_audit_log as audit')
    .leftJoin('jetmon_events as event', 'event.id', 'audit.event_id')
    .select(['audit.id', 'audit.created_at', 'event.id as eventId', 'event.ended_at'])
    .where('audit.created_at', '<', BigInt(Math.trunc(beforeMs)));
  if (after !== null) {
    const atMs = BigInt(after.atMs);
    query = query
      .where('audit.created_at', '>=', atMs)
      .where(({ eb, or }) => or([eb('audit.created_at', '>', atMs), eb('audit.id', '>', after.auditId)]));
  }
  const rows = await query.orderBy('audit.created_at').orderBy('audit.id').limit(ROWS_AT_ONCE).execute();
  const last = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1);
  return {
    ids: rows.filter((row) => row.eventId === null || row.ended_at !== null).map(({ id }) => id),
    last: last === undefined ? null : { atMs: Number(last.created_at), auditId: last.id },
  };
}

/** At most 500; those that another process deleted meanwhile are none the worse. */
export async function forgetAudit(tx: Tx, ids: readonly bigint[]): Promise<void> {
  await tx.deleteFrom('jetmon_audit_log').where('id', 'in', ids).execute();
}
