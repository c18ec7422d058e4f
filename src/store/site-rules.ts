/** The rules that sites have of their own; what they mean is told in `domain/rollup-rules.ts`. */
import type { SiteId } from '../domain/ids.ts';
import { parseRules, type RollupRules } from '../domain/rollup-rules.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { padded } from './append/statements.ts';
import type { Database } from './database.ts';
import { rememberRules } from './earlier-settings.ts';
import type { Executor, Tx } from './schema.ts';
import { isInScope, sitesInScope } from './site-scope.ts';

/** Of some hundred sites, in one query. A site without any is absent; of a rule that makes no sense the default holds. */
export async function readRules(
  db: Executor,
  scope: SiteScope,
  siteIds: readonly SiteId[],
): Promise<Map<SiteId, RollupRules>> {
  if (siteIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('jetmon_site_rollup_rules')
    .select(['blog_id', 'rules'])
    .where('blog_id', 'in', padded(siteIds))
    .where(isInScope(scope, 'jetmon_site_rollup_rules.blog_id'))
    .execute();
  return new Map(rows.map((row) => [row.blog_id as SiteId, parseRules(row.rules).rules]));
}

/** As they were written; null: the site has none of its own. */
export type StoredRules = { text: string; updatedAtMs: number };

export async function storedRules(db: Executor, scope: SiteScope, siteId: SiteId): Promise<StoredRules | null> {
  const row = await db
    .selectFrom('jetmon_site_rollup_rules')
    .select(['rules', 'updated_at'])
    .where('blog_id', '=', siteId)
    .where(isInScope(scope, 'jetmon_site_rollup_rules.blog_id'))
    .executeTakeFirst();
  return row === undefined ? null : { text: row.rules, updatedAtMs: Number(row.updated_at) };
}

/** In the place of those there were. Rejects for a site outside of the scope. */
export async function writeRules(
  { dialect }: Pick<Database, 'dialect'>,
  tx: Tx,
  scope: SiteScope,
  { siteId, text, updatedAtMs }: StoredRules & { siteId: SiteId },
): Promise<void> {
  if (!(await sitesInScope(tx, scope, [siteId])).has(siteId))
    throw new Error(`site ${siteId} lies outside of the scope`);
  const before = await storedRules(tx, scope, siteId);
  if (before?.text !== text) await rememberRules(tx, siteId, before?.text ?? null, updatedAtMs);
  const row = { blog_id: siteId, rules: text, updated_at: updatedAtMs };
  await dialect.upsert(tx, { table: 'jetmon_site_rollup_rules', rows: [row], key: ['blog_id'] });
}

export async function deleteRules(tx: Tx, scope: SiteScope, siteId: SiteId, nowMs: number): Promise<void> {
  const before = await storedRules(tx, scope, siteId);
  if (before === null) return;
  await rememberRules(tx, siteId, before.text, nowMs);
  await tx
    .deleteFrom('jetmon_site_rollup_rules')
    .where('blog_id', '=', siteId)
    .where(isInScope(scope, 'jetmon_site_rollup_rules.blog_id'))
    .execute();
}
