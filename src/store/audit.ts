/** The operational trail: what the monitor did and why (spec/01 section 11.2). Not the truth of an incident; that is the event log. */
import type { Selectable } from 'kysely';
import type { EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { fitText } from '../lib/text.ts';
import { parseMetadata, storableText } from './metadata.ts';
import type { Executor } from './schema.ts';
import type { OperationsSchema } from './schema-operations.ts';
import { isInScope } from './site-scope.ts';

export const AUDIT_EVENT_TYPES = [
  'wpcom_sent',
  'wpcom_retry',
  'wpcom_failure',
  'maintenance_active',
  'alert_suppressed',
  'config_change',
  'api_access',
] as const;

export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

export type AuditEntry = {
  /** Null: of the system, not of a site. */
  siteId: SiteId | null;
  eventId?: EventId | null;
  eventType: AuditEventType;
  /** Who did it; `local` when absent. */
  source?: string;
  /** Kept up to 1,024 characters. */
  detail?: string | null;
  /** Kept up to 16 KiB of JSON, else dropped and marked so. */
  metadata?: object | null;
  atMs: number;
};

export type AuditRecord = {
  auditId: bigint;
  siteId: SiteId | null;
  eventId: EventId | null;
  /** Also a type that a newer program wrote. */
  eventType: string;
  source: string;
  detail: string | null;
  metadata: unknown;
  metadataError?: true;
  atMs: number;
};

export type AuditFilter = {
  /** Absent: every site and the system; null: the system alone. */
  siteId?: SiteId | null;
  /** From this instant on. */
  sinceMs: number;
  /** Before this instant. */
  untilMs: number;
  limit: number;
  /** Only what comes after this one. */
  after?: { atMs: number; auditId: bigint };
};

const MAX_DETAIL = 1_024;
const MAX_METADATA_BYTES = 16_384;
const MAX_SOURCE = 255;
const ROWS_PER_STATEMENT = 200;

/** Joins the caller's transaction when it is given one, so that what was done and its trace are there together. */
export async function recordAudit(db: Executor, entries: readonly AuditEntry[]): Promise<void> {
  const rows = entries.map(rowOf);
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const some = rows.slice(from, from + ROWS_PER_STATEMENT);
    await db.insertInto('jetmon_audit_log').values(some).execute();
  }
}

/** In the order it happened. */
export async function listAudit(db: Executor, scope: SiteScope, filter: AuditFilter): Promise<AuditRecord[]> {
  const { siteId, sinceMs, untilMs, limit, after } = filter;
  let query = db
    .selectFrom('jetmon_audit_log')
    .selectAll()
    .where('created_at', '>=', BigInt(sinceMs))
    .where('created_at', '<', BigInt(untilMs))
    .where(isInScope(scope, 'jetmon_audit_log.blog_id'));
  if (siteId === null) query = query.where('blog_id', 'is', null);
  else if (siteId !== undefined) query = query.where('blog_id', '=', siteId);
  if (after !== undefined) {
    const atMs = BigInt(after.atMs);
    query = query.where(({ eb, or, and }) =>
      or([eb('created_at', '>', atMs), and([eb('created_at', '=', atMs), eb('id', '>', after.auditId)])]),
    );
  }
  return (await query.orderBy('created_at').orderBy('id').limit(limit).execute()).map(recordOf);
}

export type AuditMoment = Pick<AuditRecord, 'atMs' | 'auditId'>;

/** Of one site, newest first; `before`: only what comes before this one. */
export async function listSiteAudit(
  db: Executor,
  scope: SiteScope,
  filter: { siteId: SiteId; sinceMs: number | null; untilMs: number | null; before: AuditMoment | null; limit: number },
): Promise<AuditRecord[]> {
  const { siteId, sinceMs, untilMs, before, limit } = filter;
  let query = db
    .selectFrom('jetmon_audit_log')
    .selectAll()
    .where('blog_id', '=', siteId)
    .where(isInScope(scope, 'jetmon_audit_log.blog_id'));
  if (sinceMs !== null) query = query.where('created_at', '>=', BigInt(sinceMs));
  if (untilMs !== null) query = query.where('created_at', '<', BigInt(untilMs));
  if (before !== null) {
    const atMs = BigInt(before.atMs);
    query = query.where(({ eb, or, and }) =>
      or([eb('created_at', '<', atMs), and([eb('created_at', '=', atMs), eb('id', '<', before.auditId)])]),
    );
  }
  const newestFirst = query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit);
  return (await newestFirst.execute()).map(recordOf);
}

function recordOf(row: Selectable<OperationsSchema['jetmon_audit_log']>): AuditRecord {
  return {
    auditId: row.id,
    siteId: row.blog_id as SiteId | null,
    eventId: row.event_id as EventId | null,
    eventType: row.event_type,
    source: row.source,
    detail: row.detail,
    ...parseMetadata(row.metadata),
    atMs: Number(row.created_at),
  };
}

function rowOf({ siteId, eventId, eventType, source, detail, metadata, atMs }: AuditEntry) {
  return {
    blog_id: siteId,
    event_id: eventId ?? null,
    event_type: eventType,
    source: fitText(source ?? '', MAX_SOURCE) || 'local',
    detail: detail === undefined || detail === null ? null : fitText(detail, MAX_DETAIL),
    metadata: storableText(metadata ?? null, null, MAX_METADATA_BYTES),
    created_at: BigInt(Math.trunc(atMs)),
  };
}
