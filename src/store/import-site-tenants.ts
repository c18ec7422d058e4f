/** Brings in who may see which site, from a list that somebody else keeps: all of it or nothing, and nothing is taken away. */
import { MAX_ID, type SiteId } from '../domain/ids.ts';
import { isTenantId, TENANT_ID_RULE } from '../domain/tenant-id.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from './database.ts';
import type { Tx } from './schema.ts';

export type SiteTenant = { tenantId: string; siteId: SiteId };

export type LineProblem = { line: number; cause: string };

export type ReadSiteTenants = {
  /** Each pair once, in the order of the lines. */
  pairs: readonly SiteTenant[];
  /** Lines that say what a line before them says. */
  duplicates: number;
  /** At most 20 of them; `more` are not named. */
  problems: readonly LineProblem[];
  more: number;
};

export type ImportedSiteTenants = { created: number; refreshed: number };

const MAX_NAMED = 20;
const ROWS_PER_STATEMENT = 200;

/** CSV of `tenant_id,blog_id` with or without that line at its head. Blank lines are passed over. Never throws. */
export function readSiteTenants(text: string): ReadSiteTenants {
  const pairs = new Map<string, SiteTenant>();
  const problems: LineProblem[] = [];
  let duplicates = 0;
  let wrong = 0;
  let isFirst = true;
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (whole.trim() === '') continue;
    const cells = whole.split(',').map(cellOf);
    const isHead = isFirst && cells.join(',').toLowerCase() === 'tenant_id,blog_id';
    isFirst = false;
    if (isHead) continue;
    const read = pairOf(cells);
    if (typeof read === 'string') {
      wrong += 1;
      if (problems.length < MAX_NAMED) problems.push({ line: index + 1, cause: read });
    } else {
      const key = `${read.tenantId},${read.siteId}`;
      if (pairs.has(key)) duplicates += 1;
      else pairs.set(key, read);
    }
  }
  return { pairs: [...pairs.values()], duplicates, problems, more: wrong - problems.length };
}

/** Neither kind of value holds a comma or a quote, so quotes around a cell say nothing. */
function cellOf(text: string): string {
  return text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
}

/** Or what is wrong with it. */
function pairOf(cells: readonly string[]): SiteTenant | string {
  const [tenantId = '', site = '', ...others] = cells;
  if (cells.length !== 2) return `it has ${others.length + Math.min(cells.length, 2)} columns, not 2`;
  if (tenantId === '') return 'the tenant id is empty';
  if (!isTenantId(tenantId)) return `the tenant id is not ${TENANT_ID_RULE}`;
  const siteId = /^[1-9]\d{0,18}$/.test(site) ? BigInt(site) : 0n;
  if (siteId < 1n || siteId > MAX_ID) return 'the blog id is not a positive 64-bit integer';
  return { tenantId, siteId: siteId as SiteId };
}

/** In one transaction; with `dryRun` it only looks. */
export async function importSiteTenants(
  deps: { db: Database; clock: Pick<Clock, 'nowMs'> },
  pairs: readonly SiteTenant[],
  { source, dryRun }: { source: string; dryRun: boolean },
): Promise<ImportedSiteTenants> {
  const { db, clock } = deps;
  return db.transaction(async (tx) => {
    const atMs = clock.nowMs();
    let refreshed = 0;
    for (let from = 0; from < pairs.length; from += ROWS_PER_STATEMENT) {
      const some = pairs.slice(from, from + ROWS_PER_STATEMENT);
      refreshed += await countKnown(tx, some);
      if (dryRun) continue;
      const rows = some.map(({ tenantId, siteId }) => {
        return { tenant_id: tenantId, blog_id: siteId, source, created_at: atMs, updated_at: atMs };
      });
      const key = ['tenant_id', 'blog_id'] as const;
      await db.dialect.upsert(tx, { table: 'jetmon_site_tenants', rows, key, keep: ['created_at'] });
    }
    return { created: pairs.length - refreshed, refreshed };
  });
}

async function countKnown(tx: Tx, pairs: readonly SiteTenant[]): Promise<number> {
  const wanted = new Set(pairs.map(({ tenantId, siteId }) => `${tenantId},${siteId}`));
  const rows = await tx
    .selectFrom('jetmon_site_tenants')
    .select(['tenant_id', 'blog_id'])
    .where('tenant_id', 'in', [...new Set(pairs.map(({ tenantId }) => tenantId))])
    .where('blog_id', 'in', [...new Set(pairs.map(({ siteId }) => siteId))])
    .execute();
  return rows.filter((row) => wanted.has(`${row.tenant_id},${row.blog_id}`)).length;
}
