/** What planned maintenance covers at an instant, of however many sites: for finding and counting those that it covers. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { covers } from '../domain/planned-maintenance.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { windowOfRow } from './maintenance-rows.ts';
import type { Executor } from './schema.ts';
import { isInScope } from './site-scope.ts';

const TABLE = 'jetmon_maintenance_windows';
const ROWS_PER_PAGE = 2_000;
export const TENANTS_PER_QUERY = 500;

/** Plans that may be on: those that have begun and are not over. */
function begun(db: Executor, nowMs: number) {
  return db
    .selectFrom(`${TABLE} as w`)
    .where('w.over_at', '>', BigInt(nowMs))
    .where('w.effective_from', '<=', BigInt(nowMs))
    .where('w.start_at', '<=', BigInt(nowMs));
}

/** Plans for more than a site that are on: for every site there is, or for those of some tenants. */
export type WideNow = { everySite: boolean; tenantIds: readonly string[] };

export async function wideNow(db: Executor, nowMs: number): Promise<WideNow> {
  const tenantIds = new Set<string>();
  let everySite = false;
  for (let after = 0n; ; ) {
    const page = begun(db, nowMs).selectAll('w').where('w.blog_id', 'is', null).where('w.id', '>', after);
    const rows = await page.orderBy('w.id').limit(ROWS_PER_PAGE).execute();
    for (const row of rows) {
      const window = windowOfRow(row);
      if (window === null || !covers(window.plan, nowMs)) continue;
      if (window.tenantId === null) everySite = true;
      else tenantIds.add(window.tenantId);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) return { everySite, tenantIds: [...tenantIds] };
    after = last.id;
  }
}

/** Sites with a plan of their own that may be on. */
export function sitesWithPlans(db: Executor, nowMs: number) {
  return begun(db, nowMs).select('w.blog_id').where('w.blog_id', 'is not', null);
}

export function sitesOfAny(db: Executor, tenantIds: readonly string[]) {
  return db.selectFrom('jetmon_site_tenants').select('blog_id').where('tenant_id', 'in', tenantIds);
}

/** Tells of each endpoint in the scope whether a plan covers it. */
export async function coveredNow(
  db: Executor,
  scope: SiteScope,
  nowMs: number,
): Promise<(endpoint: { siteId: SiteId; endpointId: EndpointId }) => boolean> {
  const { everySite, tenantIds } = await wideNow(db, nowMs);
  if (everySite) return () => true;
  const sites = new Set<bigint>();
  const endpoints = new Set<bigint>();
  for (let from = 0; from < tenantIds.length; from += TENANTS_PER_QUERY) {
    const some = sitesOfAny(db, tenantIds.slice(from, from + TENANTS_PER_QUERY));
    const rows = await some.where(isInScope(scope, 'jetmon_site_tenants.blog_id')).execute();
    for (const { blog_id } of rows) sites.add(blog_id);
  }
  for (let after = 0n; ; ) {
    const page = begun(db, nowMs).selectAll('w').where(isInScope(scope, 'w.blog_id')).where('w.id', '>', after);
    const rows = await page.where('w.blog_id', 'is not', null).orderBy('w.id').limit(ROWS_PER_PAGE).execute();
    for (const row of rows) {
      const window = windowOfRow(row);
      if (window === null || window.siteId === null || !covers(window.plan, nowMs)) continue;
      if (window.endpointId === null) sites.add(window.siteId);
      else endpoints.add(window.endpointId);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) break;
    after = last.id;
  }
  return ({ siteId, endpointId }) => sites.has(siteId) || endpoints.has(endpointId);
}
