/** What was said of the checks of sites and endpoints; what it means is told in `domain/check-settings.ts`. */
import { type CheckSetting, effectiveCheck, MAIN_CHECK } from '../domain/check-settings.ts';
import type { CheckId, EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Dialect } from './dialect/dialect.ts';
import { lockEntriesOf, registry } from './legacy.ts';
import type { Executor, Tx } from './schema.ts';
import { isInScope, sitesInScope } from './site-scope.ts';

/** More than a site with every check of every endpoint spoken of; another program may have written anything. */
const MAX_SETTINGS = 10_000;

/** Of one site, in the order they were made. */
export async function checksOfSite(db: Executor, scope: SiteScope, siteId: SiteId): Promise<CheckSetting[]> {
  const rows = await db
    .selectFrom('jetmon_checks')
    .select(['id', 'blog_id', 'endpoint_id', 'check_type', 'enabled', 'created_at', 'updated_at'])
    .where('blog_id', '=', siteId)
    .where(isInScope(scope, 'jetmon_checks.blog_id'))
    .orderBy('id')
    .limit(MAX_SETTINGS)
    .execute();
  return rows.map((row) => ({
    checkId: row.id as CheckId,
    siteId: row.blog_id as SiteId,
    endpointId: row.endpoint_id as EndpointId | null,
    checkType: row.check_type,
    enabled: row.enabled !== 0n,
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  }));
}

/** The same before a change: whoever else changes the site waits until the transaction ends. */
export async function checksToChange(
  tx: Tx,
  scope: SiteScope,
  { siteId, dialect }: { siteId: SiteId; dialect: Dialect },
): Promise<CheckSetting[]> {
  await lockEntriesOf(tx, dialect, [siteId]);
  return checksOfSite(tx, scope, siteId);
}

export type NewCheckSetting = Pick<CheckSetting, 'siteId' | 'endpointId' | 'checkType' | 'enabled'>;

/** Rejects where there is one of the kind, and for a site outside of the scope. */
export async function insertCheck(
  tx: Tx,
  scope: SiteScope,
  setting: NewCheckSetting,
  atMs: number,
): Promise<CheckSetting> {
  if (!(await sitesInScope(tx, scope, [setting.siteId])).has(setting.siteId)) {
    throw new Error(`site ${setting.siteId} lies outside of the scope`);
  }
  const { insertId } = await tx
    .insertInto('jetmon_checks')
    .values({
      blog_id: setting.siteId,
      endpoint_id: setting.endpointId,
      check_type: setting.checkType,
      enabled: setting.enabled ? 1 : 0,
      settings: '{}',
      created_at: atMs,
      updated_at: atMs,
    })
    .executeTakeFirstOrThrow();
  if (insertId === undefined) throw new Error('the database did not name the row it inserted');
  return { ...setting, checkId: insertId as CheckId, createdAtMs: atMs, updatedAtMs: atMs };
}

export async function enableCheck(
  tx: Tx,
  scope: SiteScope,
  checkId: CheckId,
  { enabled, atMs }: { enabled: boolean; atMs: number },
): Promise<void> {
  await tx
    .updateTable('jetmon_checks')
    .set({ enabled: enabled ? 1 : 0, updated_at: atMs })
    .where('id', '=', checkId)
    .where(isInScope(scope, 'jetmon_checks.blog_id'))
    .execute();
}

export async function deleteCheck(tx: Tx, scope: SiteScope, checkId: CheckId): Promise<void> {
  await tx
    .deleteFrom('jetmon_checks')
    .where('id', '=', checkId)
    .where(isInScope(scope, 'jetmon_checks.blog_id'))
    .execute();
}

/** Checks that endpoints do without, in the order of their names; of those with an id in between. For the engine. */
export async function disabledWithin(
  db: Executor,
  first: bigint,
  last: bigint,
): Promise<ReadonlyMap<bigint, readonly string[]>> {
  const any = await db.selectFrom('jetmon_checks').select('id').where('enabled', '=', 0n).limit(1).execute();
  if (any.length === 0) return NONE;
  const rows = await db
    .selectFrom('jetmon_checks as said')
    .innerJoin(registry(db), 'registry.site_id', 'said.blog_id')
    .select(['registry.endpoint_id as watched', 'said.endpoint_id', 'said.check_type', 'said.enabled'])
    .where('registry.endpoint_id', '>=', first)
    .where('registry.endpoint_id', '<=', last)
    .where('said.check_type', '<>', MAIN_CHECK)
    .where(({ eb, or, ref }) =>
      or([eb('said.endpoint_id', 'is', null), eb('said.endpoint_id', '=', ref('registry.endpoint_id'))]),
    )
    .execute();
  const found = new Map<bigint, string[]>();
  for (const [endpointId, said] of Map.groupBy(rows, ({ watched }) => watched)) {
    const settings = said.map((row) => ({
      endpointId: row.endpoint_id as EndpointId | null,
      checkType: row.check_type,
      enabled: row.enabled !== 0n,
    }));
    const types = [...new Set(settings.map(({ checkType }) => checkType))].sort();
    const off = types.filter((type) => !effectiveCheck(settings, endpointId as EndpointId, type).enabled);
    if (off.length > 0) found.set(endpointId, off);
  }
  return found;
}

const NONE: ReadonlyMap<bigint, readonly string[]> = new Map();
