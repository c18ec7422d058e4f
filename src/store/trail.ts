/** Everything that is known to have happened to one site, in one order: what the monitor did, and what the event log says. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { type AuditRecord, listAudit } from './audit.ts';
import type { Database } from './database.ts';
import { type TransitionRecord, transitionOf } from './event-records.ts';
import { registry } from './legacy.ts';
import type { Tx } from './schema.ts';
import { isInScope } from './site-scope.ts';

export type TrailEntry =
  | ({ kind: 'audit' } & AuditRecord)
  | ({ kind: 'transition'; atMs: number; checkType: string; endpointId: EndpointId | null } & TransitionRecord);

/** From `sinceMs` on, before `untilMs`, the first `limit` of it. The site's own event is left out: it only follows. */
export type TrailFilter = { siteId: SiteId; sinceMs: number; untilMs: number; limit: number };

export type Trail = {
  entries: TrailEntry[];
  /** More follow than were asked for. */
  more: boolean;
};

/** Null when there is no such site, and nothing in this span either. All of it is read in one state of the database. */
export async function readTrail(db: Database, scope: SiteScope, filter: TrailFilter): Promise<Trail | null> {
  return db.snapshot(async (tx) => {
    const wanted = { ...filter, limit: filter.limit + 1 };
    const audit = await listAudit(tx, scope, wanted);
    const transitions = await listTransitions(tx, scope, wanted);
    const entries: TrailEntry[] = [
      ...audit.map((record) => ({ kind: 'audit' as const, ...record })),
      ...transitions,
    ].sort(inTime);
    if (entries.length === 0 && !(await isKnown(tx, scope, filter.siteId))) return null;
    return { entries: entries.slice(0, filter.limit), more: entries.length > filter.limit };
  });
}

async function listTransitions(
  tx: Tx,
  scope: SiteScope,
  { siteId, sinceMs, untilMs, limit }: TrailFilter,
): Promise<TrailEntry[]> {
  const rows = await tx
    .selectFrom('jetmon_event_transitions as transition')
    .leftJoin('jetmon_events as event', 'event.id', 'transition.event_id')
    .selectAll('transition')
    .select(['event.check_type', 'event.endpoint_id'])
    .where('transition.blog_id', '=', siteId)
    .where(isInScope(scope, 'transition.blog_id'))
    .where('transition.changed_at', '>=', BigInt(sinceMs))
    .where('transition.changed_at', '<', BigInt(untilMs))
    .where(({ eb, or }) => or([eb('event.check_type', 'is', null), eb('event.check_type', '<>', SITE_STATE_CHECK)]))
    .orderBy('transition.changed_at')
    .orderBy('transition.id')
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const transition = transitionOf(row);
    const endpointId = row.endpoint_id as EndpointId | null;
    const checkType = row.check_type ?? 'unknown';
    return { kind: 'transition', atMs: transition.changedAtMs, checkType, endpointId, ...transition };
  });
}

/** At the same instant what was done stands before what came of it. */
function inTime(one: TrailEntry, other: TrailEntry): number {
  return one.atMs - other.atMs || one.kind.localeCompare(other.kind) || Number(idOf(one) - idOf(other));
}

function idOf(entry: TrailEntry): bigint {
  return entry.kind === 'audit' ? entry.auditId : entry.transitionId;
}

async function isKnown(tx: Tx, scope: SiteScope, siteId: SiteId): Promise<boolean> {
  const site = tx.selectFrom(registry(tx)).select('registry.site_id').where('registry.site_id', '=', siteId);
  return (await site.where(isInScope(scope, 'registry.site_id')).limit(1).execute()).length > 0;
}
