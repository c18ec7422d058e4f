/** The condition by which a query stays within the sites of a caller, and the rows that say whose sites those are. */
import { type RawBuilder, sql } from 'kysely';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import type { Executor, Tx } from './schema.ts';

/** `column` holds site ids, as in `registry.site_id`; never a caller's text. */
export function isInScope(scope: SiteScope, column: string): RawBuilder<boolean> {
  if (scope.kind === 'all') return sql<boolean>`1 = 1`;
  const { tenantId } = scope;
  return sql<boolean>`exists (select 1 from jetmon_site_tenants as own where own.blog_id = ${sql.ref(column)} and own.tenant_id = ${tenantId})`;
}

/** Puts a site into a scope, where that is the scope of a tenant; once more does no harm. */
export async function bringIntoScope(
  db: Database,
  tx: Tx,
  scope: SiteScope,
  { siteId, source, atMs }: { siteId: SiteId; source: string; atMs: number },
): Promise<void> {
  if (scope.kind === 'all') return;
  const row = { tenant_id: scope.tenantId, blog_id: siteId, source, created_at: atMs, updated_at: atMs };
  const key = ['tenant_id', 'blog_id'] as const;
  await db.dialect.upsert(tx, { table: 'jetmon_site_tenants', rows: [row], key, keep: ['created_at', 'source'] });
}

/** Which of these sites lie in a scope; at most some hundred. */
export async function sitesInScope(db: Executor, scope: SiteScope, siteIds: readonly SiteId[]): Promise<Set<SiteId>> {
  if (scope.kind === 'all' || siteIds.length === 0) return new Set(siteIds);
  const rows = await db
    .selectFrom('jetmon_site_tenants')
    .select('blog_id')
    .where('tenant_id', '=', scope.tenantId)
    .where('blog_id', 'in', siteIds)
    .execute();
  return new Set(rows.map((row) => row.blog_id as SiteId));
}

/** Which of these sites each of these tenants may see, by tenant; one query however many there are of either. */
export async function sitesOfTenants(
  db: Executor,
  tenantIds: readonly string[],
  siteIds: readonly SiteId[],
): Promise<Map<string, Set<SiteId>>> {
  const found = new Map(tenantIds.map((tenantId) => [tenantId, new Set<SiteId>()]));
  if (tenantIds.length === 0 || siteIds.length === 0) return found;
  const rows = await db
    .selectFrom('jetmon_site_tenants')
    .select(['tenant_id', 'blog_id'])
    .where('tenant_id', 'in', tenantIds)
    .where('blog_id', 'in', siteIds)
    .execute();
  for (const row of rows) found.get(row.tenant_id)?.add(row.blog_id as SiteId);
  return found;
}
