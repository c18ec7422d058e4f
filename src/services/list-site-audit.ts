/** The trace of what was done to a site, page by page, with nothing in it that may be a secret. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { type AuditMoment, type AuditRecord, listSiteAudit as list } from '../store/audit.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';

export type SiteAuditQuery = {
  siteId: SiteId;
  sinceMs: number | null;
  untilMs: number | null;
  /** Null: from the newest on. */
  before: AuditMoment | null;
  /** 1 to 200. */
  limit: number;
};

export type SiteAuditPage = { entries: AuditRecord[]; next: AuditMoment | null };

/** Throws `site_not_found`. */
export async function listSiteAudit(
  deps: Pick<ServiceDeps, 'database' | 'endpoints'>,
  scope: SiteScope,
  query: SiteAuditQuery,
): Promise<SiteAuditPage> {
  const found = await list(deps.database.kysely, scope, { ...query, limit: query.limit + 1 });
  if (found.length === 0 && (await deps.endpoints.bySite(scope, query.siteId)).length === 0) {
    throw siteNotFound(query.siteId);
  }
  const entries = found.slice(0, query.limit);
  const last = found.length > entries.length ? (entries.at(-1) ?? null) : null;
  return { entries: entries.map((entry) => ({ ...entry, metadata: withoutSecrets(entry.metadata) })), next: last };
}

const TELLS_OF_SECRETS = /token|secret|password|passwd|authorization|cookie|credential|api_?key$/i;
const MAX_DEPTH = 16;

/** What another program, or another version, left there is not ours to trust. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      TELLS_OF_SECRETS.test(name) ? '[not shown]' : withoutSecrets(member, depth + 1),
    ]),
  );
}
