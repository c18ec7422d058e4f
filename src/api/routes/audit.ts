/** The handler of the trace of a site. */
import { type AuditEntry, listSiteAudit } from '../../contracts/audit.ts';
import type { SiteId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { listSiteAudit as list } from '../../services/list-site-audit.ts';
import type { AuditRecord } from '../../store/audit.ts';
import { cursorToMoment, momentAtCursor } from '../paging.ts';
import { instant } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function auditRoutes(deps: Pick<ServiceDeps, 'database' | 'endpoints'>): Route[] {
  return [
    route(listSiteAudit, async ({ scope, ids, query }) => {
      const before = momentAtCursor(query.cursor);
      const { entries, next } = await list(deps, scope, {
        siteId: ids.site_id as SiteId,
        sinceMs: query.since === undefined ? null : Date.parse(query.since),
        untilMs: query.until === undefined ? null : Date.parse(query.until),
        before: before === null ? null : { atMs: before.atMs, auditId: before.id },
        limit: query.limit,
      });
      return {
        data: entries.map(entryReply),
        page: {
          next: next === null ? null : cursorToMoment({ atMs: next.atMs, id: next.auditId }),
          limit: query.limit,
        },
      };
    }),
  ];
}

function entryReply(entry: AuditRecord): AuditEntry {
  const { auditId, atMs, eventType, source, detail, eventId, metadata } = entry;
  return { id: auditId, at: instant(atMs), event_type: eventType, source, detail, event_id: eventId, metadata };
}
