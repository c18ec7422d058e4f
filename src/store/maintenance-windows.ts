/**
 * Plans of maintenance. A plan that is changed or ended keeps what it covered: its earlier versions are rows of their own
 * that nobody sees and that count for the time they stood.
 */
import { sql } from 'kysely';
import type { EndpointId, SiteId, WindowId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { Planned } from '../domain/planned-maintenance.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import { padded } from './append/statements.ts';
import type { Dialect } from './dialect/dialect.ts';
import { type NewWindow, planColumns, rowOf, type StoredWindow, titleColumn, windowOfRow } from './maintenance-rows.ts';
import { preparedFor } from './prepared.ts';
import type { Executor, Tx } from './schema.ts';
import { isInScope, sitesInScope } from './site-scope.ts';

const TABLE = 'jetmon_maintenance_windows';

export type WindowFilter = {
  afterId: WindowId | null;
  limit: number;
  /** Those that are for this site, also among others. */
  siteId?: SiteId;
  /** Those that are not over then. */
  notOverAtMs?: number;
};

/** What a caller may see and change: plans for sites of theirs, and those for all that are theirs. */
function visible(db: Executor, scope: SiteScope) {
  const rows = db
    .selectFrom(`${TABLE} as w`)
    .selectAll('w')
    .where('version_of', 'is', null)
    .where('removed_at', 'is', null);
  if (scope.kind === 'all') return rows;
  return rows.where(({ or, eb }) => or([isInScope(scope, 'w.blog_id'), eb('tenant_id', '=', scope.tenantId)]));
}

/** By id, ascending. */
export async function listWindows(db: Executor, scope: SiteScope, filter: WindowFilter): Promise<StoredWindow[]> {
  const { siteId } = filter;
  let query = visible(db, scope).orderBy('id').limit(filter.limit);
  if (filter.afterId !== null) query = query.where('id', '>', filter.afterId);
  if (filter.notOverAtMs !== undefined) query = query.where('over_at', '>', BigInt(filter.notOverAtMs));
  if (siteId !== undefined) query = query.where(({ or, eb }) => or([eb('blog_id', '=', siteId), coversAll(siteId)]));
  return known(await query.execute());
}

/** Whether a plan is for every site of somebody to whom this one belongs. */
function coversAll(siteId: SiteId) {
  return sql<boolean>`(w.blog_id is null and (w.tenant_id is null or exists
    (select 1 from jetmon_site_tenants as t where t.tenant_id = w.tenant_id and t.blog_id = ${siteId})))`;
}

export async function windowById(db: Executor, scope: SiteScope, windowId: WindowId): Promise<StoredWindow | null> {
  return known(await visible(db, scope).where('id', '=', windowId).execute())[0] ?? null;
}

/** How many plans of a caller are not over; of one site, or, with null, those for all of their sites. */
export async function countWindows(db: Executor, scope: SiteScope, siteId: SiteId | null, nowMs: number) {
  let query = db
    .selectFrom(`${TABLE} as w`)
    .select(db.fn.countAll<bigint>().as('plans'))
    .where('over_at', '>', BigInt(nowMs));
  if (siteId !== null) query = query.where('blog_id', '=', siteId).where(isInScope(scope, 'w.blog_id'));
  else {
    const tenantId = scope.kind === 'all' ? null : scope.tenantId;
    query = query.where('blog_id', 'is', null).where('tenant_id', tenantId === null ? 'is' : '=', tenantId);
  }
  return Number((await query.executeTakeFirstOrThrow()).plans);
}

/**
 * What covers, or covered, anything of some hundred sites within a span, by site: earlier versions and what was removed
 * are among them. Sites outside of the scope are absent, and so are those that nothing covers.
 */
export async function windowsWithin(
  db: Executor,
  scope: SiteScope,
  siteIds: readonly SiteId[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<Map<SiteId, StoredWindow[]>> {
  const found = new Map<SiteId, StoredWindow[]>();
  if (siteIds.length === 0) return found;
  const span = { from: BigInt(fromMs), to: BigInt(toMs) };
  const [siteId] = siteIds;
  const isOften = scope.kind === 'all' && siteIds.length === 1;
  const rows = isOften
    ? await rowsOnOne(db, { siteId, ...span })
    : await rowsWithin(db, scope, padded(siteIds), span).execute();
  const windows = known(rows);
  const wide = windows.filter(({ siteId }) => siteId === null);
  const belongs = wide.length === 0 ? NOTHING : await membership(db, scope, siteIds, wide);
  const add = (siteId: SiteId, window: StoredWindow) => {
    const others = found.get(siteId);
    if (others === undefined) found.set(siteId, [window]);
    else others.push(window);
  };
  for (const window of windows) {
    if (window.siteId !== null) add(window.siteId, window);
    else for (const siteId of belongs.get(window.tenantId) ?? []) add(siteId, window);
  }
  return found;
}

function rowsWithin(db: Executor, scope: SiteScope, siteIds: readonly SiteId[], { from, to }: Span) {
  return db
    .selectFrom(`${TABLE} as w`)
    .selectAll('w')
    .where('over_at', '>', from)
    .where('effective_from', '<', to)
    .where(({ or, eb }) =>
      or([
        eb.and([eb('blog_id', 'in', siteIds), isInScope(scope, 'w.blog_id')]),
        eb.and([
          eb('blog_id', 'is', null),
          or([eb('w.tenant_id', 'is', null), eb('w.tenant_id', 'in', ownersOf(db, siteIds))]),
        ]),
      ]),
    )
    .orderBy('id')
    .limit(sql.lit(MOST_WITHIN));
}

type Span = { from: bigint; to: bigint };

const rowsOnOne = preparedFor((db, hole: <T>(name: 'siteId' | keyof Span) => T) =>
  rowsWithin(db, EVERY_SITE, [hole<SiteId>('siteId')], { from: hole<bigint>('from'), to: hole<bigint>('to') }),
);

/** To whom any of these sites belong: what others have planned for all of theirs is not read. */
function ownersOf(db: Executor, siteIds: readonly SiteId[]) {
  return db.selectFrom('jetmon_site_tenants').select('tenant_id').where('blog_id', 'in', siteIds);
}

/**
 * One site has some dozens; beyond that many rows the newest are left out. It stands in the words of the query: SQLite plans
 * one whose limit is a parameter anew each time.
 */
const MOST_WITHIN = 20_000;
const NOTHING: ReadonlyMap<string | null, ReadonlySet<SiteId>> = new Map();

/** Which of these sites belong to the tenants of plans; null: all of them, within the scope. */
async function membership(db: Executor, scope: SiteScope, siteIds: readonly SiteId[], wide: readonly StoredWindow[]) {
  const found = new Map<string | null, Set<SiteId>>();
  const rows = await db
    .selectFrom('jetmon_site_tenants')
    .select(['tenant_id', 'blog_id'])
    .where('blog_id', 'in', padded(siteIds))
    .execute();
  const seen = new Set<bigint>();
  const wanted = new Set(wide.map(({ tenantId }) => tenantId));
  for (const { tenant_id, blog_id } of rows)
    if (scope.kind === 'tenant' && tenant_id === scope.tenantId) seen.add(blog_id);
  const isSeen = (siteId: bigint) => scope.kind === 'all' || seen.has(siteId);
  found.set(null, new Set(siteIds.filter(isSeen)));
  for (const { tenant_id, blog_id } of rows) {
    if (!wanted.has(tenant_id) || !isSeen(blog_id)) continue;
    const sites = found.get(tenant_id) ?? new Set();
    found.set(tenant_id, sites.add(blog_id as SiteId));
  }
  return found;
}

export type LiveWindows = {
  windows: readonly StoredWindow[];
  /** The sites of the tenants that have plans for all of theirs. */
  sitesOf: ReadonlyMap<string, ReadonlySet<SiteId>>;
};

const ROWS_PER_PAGE = 2_000;

/** Every plan that was not over at an instant, whoever's, with earlier versions. */
export async function liveWindows(db: Executor, scope: SiteScope, sinceMs: number): Promise<LiveWindows> {
  const windows: StoredWindow[] = [];
  for (let after: bigint | null = 0n; after !== null; ) {
    const page = db.selectFrom(`${TABLE} as w`).selectAll('w').where('over_at', '>', BigInt(sinceMs));
    const inScope =
      scope.kind === 'all'
        ? page
        : page.where(({ or, eb }) => or([isInScope(scope, 'w.blog_id'), eb('tenant_id', '=', scope.tenantId)]));
    const rows = await inScope.where('id', '>', after).orderBy('id').limit(ROWS_PER_PAGE).execute();
    windows.push(...known(rows));
    after = rows.length < ROWS_PER_PAGE ? null : (rows.at(-1)?.id ?? null);
  }
  const tenants = new Set(windows.flatMap(({ tenantId }) => (tenantId === null ? [] : [tenantId])));
  const sitesOf = new Map<string, Set<SiteId>>();
  for (const tenantId of tenants) {
    const rows = await db
      .selectFrom('jetmon_site_tenants')
      .select('blog_id')
      .where('tenant_id', '=', tenantId)
      .execute();
    sitesOf.set(tenantId, new Set(rows.map((row) => row.blog_id as SiteId)));
  }
  return { windows, sitesOf };
}

/** One change of plans at a time, so that two that start at once are one. */
export async function waitForOtherPlans(tx: Tx, dialect: Pick<Dialect, 'lockForUpdate'>): Promise<void> {
  const row = tx.selectFrom('jetmon_schema_migrations').select('id').where('id', '=', 8n);
  await dialect.lockForUpdate(row).execute();
}

/** What a request has planned since an instant, whatever became of it. */
export async function windowsPlannedBy(tx: Tx, requestSlot: string, sinceMs: number): Promise<StoredWindow[]> {
  const rows = tx.selectFrom(TABLE).selectAll().where('request_slot', '=', requestSlot).where('version_of', 'is', null);
  return known(await rows.where('created_at', '>', BigInt(sinceMs)).orderBy('id').execute());
}

/** A plan for no site is for all sites of the scope. */
export async function insertWindow(
  tx: Tx,
  scope: SiteScope,
  window: NewWindow,
  nowMs: number,
  requestSlot: string | null = null,
): Promise<StoredWindow> {
  const wordsOf = scope.kind === 'tenant' ? scope.tenantId : null;
  const tenantId = window.siteId === null ? wordsOf : null;
  const row = { ...rowOf(window, { tenantId, wordsOf }, nowMs), request_slot: requestSlot };
  const { insertId } = await tx.insertInto(TABLE).values(row).executeTakeFirstOrThrow();
  const stored = await windowById(tx, scope, (insertId ?? 0n) as WindowId);
  if (stored === null) throw new Error('the maintenance window is not there after it was inserted');
  return stored;
}

/**
 * Notes that endpoints had windows that are none of these plans, and that are taken away: from when each was set, null: not
 * known, it covered what it did. A few hundred at most.
 */
export async function rememberWindows(
  tx: Tx,
  scope: SiteScope,
  windows: readonly OwnWindow[],
  nowMs: number,
): Promise<void> {
  const covered = windows.flatMap(({ siteId, endpointId, window, setAtMs }) => {
    const fromMs = Math.max(window.startMs, setAtMs ?? window.startMs);
    if (fromMs >= Math.min(window.endMs, nowMs)) return [];
    const plan: Planned = { timing: { kind: 'once', ...window }, fromMs, endedAtMs: nowMs };
    return [{ siteId, endpointId, plan, title: null, source: 'planned', zone: 'UTC', createdBy: null } as const];
  });
  if (covered.length === 0) return;
  const seen = await sitesInScope(tx, scope, [...new Set(covered.map(({ siteId }) => siteId))]);
  const rows = covered
    .filter(({ siteId }) => seen.has(siteId))
    .map((window) => ({ ...rowOf(window, { tenantId: null, wordsOf: null }, nowMs), removed_at: nowMs }));
  if (rows.length > 0) await tx.insertInto(TABLE).values(rows).execute();
}

export type OwnWindow = { siteId: SiteId; endpointId: EndpointId; window: MaintenanceWindow; setAtMs: number | null };

export type WindowPatch = {
  title?: string | null;
  /** `keepsPast`: what the plan covered until now becomes a row of its own. */
  plan?: Planned & { zone: string; keepsPast: boolean };
  /** Nobody sees it any more. */
  isRemoved?: true;
};

/** The plan as it is now and, where there is one, the earlier version. Null when there is no such plan. */
export async function updateWindow(
  tx: Tx,
  scope: SiteScope,
  windowId: WindowId,
  { title, plan, isRemoved }: WindowPatch,
  nowMs: number,
): Promise<{ window: StoredWindow; versions: StoredWindow[] } | null> {
  const before = await windowById(tx, scope, windowId);
  if (before === null) return null;
  const versions = plan?.keepsPast === true ? [await keepVersion(tx, before, nowMs)] : [];
  await tx
    .updateTable(TABLE)
    .set({
      ...(title === undefined ? {} : { title: titleColumn(title), ...ownerOfWords(scope, before) }),
      ...(plan === undefined ? {} : planColumns(plan, plan.zone)),
      ...(isRemoved === undefined ? {} : { removed_at: nowMs }),
      updated_at: nowMs,
    })
    .where('id', '=', windowId)
    .execute();
  const [window] = known(await tx.selectFrom(TABLE).selectAll().where('id', '=', windowId).execute());
  return window === undefined ? null : { window, versions };
}

/** Who gives another's window a title sees it, and no more of the other's words. */
function ownerOfWords(scope: SiteScope, { wordsOf }: StoredWindow) {
  if (scope.kind === 'all') return { words_of_tenant: null };
  if (scope.tenantId === wordsOf) return {};
  return { words_of_tenant: scope.tenantId, created_by: null };
}

async function keepVersion(tx: Tx, window: StoredWindow, nowMs: number): Promise<StoredWindow> {
  const ended = { ...window, plan: { ...window.plan, endedAtMs: nowMs } };
  const row = { ...rowOf(ended, window, nowMs), version_of: window.windowId };
  const { insertId } = await tx.insertInto(TABLE).values(row).executeTakeFirstOrThrow();
  return { ...ended, windowId: (insertId ?? 0n) as WindowId };
}

function known(rows: readonly Parameters<typeof windowOfRow>[0][]): StoredWindow[] {
  return rows.flatMap((row) => windowOfRow(row) ?? []);
}
