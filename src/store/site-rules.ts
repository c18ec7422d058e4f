/** The rules that sites have of their own; what they mean is told in `domain/rollup-rules.ts`. */
import type { SiteId } from '../domain/ids.ts';
import { parseRules, type RollupRules } from '../domain/rollup-rules.ts';
import { padded } from './append/statements.ts';
import type { Executor } from './schema.ts';

/** Of some hundred sites, in one query. A site without any is absent; of a rule that makes no sense the default holds. */
export async function readRules(db: Executor, siteIds: readonly SiteId[]): Promise<Map<SiteId, RollupRules>> {
  if (siteIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('jetmon_site_rollup_rules')
    .select(['blog_id', 'rules'])
    .where('blog_id', 'in', padded(siteIds))
    .execute();
  return new Map(rows.map((row) => [row.blog_id as SiteId, parseRules(row.rules).rules]));
}
