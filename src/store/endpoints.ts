/** Sites and their endpoints: the shared registry joined with the settings it has no columns for. */
import { sql } from 'kysely';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlanOverrides } from '../domain/probe-plan.ts';
import { EVERY_SITE, type Scoped, type SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Database } from './database.ts';
import { rememberAbsence, rememberEndpoints } from './earlier-settings.ts';
import { type EndpointPatch, hasSettings, saveSettings } from './endpoint-settings.ts';
import { insertEntry, intervalSecondsOf, parseLegacyInstant, registry, updateEntries } from './legacy.ts';
import { PLAN_COLUMNS, planOfRow } from './plan-columns.ts';
import { prepared } from './prepared.ts';
import type { Executor, Tx } from './schema.ts';
import { isPausedInPart, mayBeIn } from './site-candidates.ts';
import { allocateSiteId } from './site-ids.ts';
import { bringIntoScope, isInScope, sitesInScope } from './site-scope.ts';

/** One monitored URL. Sites that share a site id are tracked apart, by endpoint id. */
export type Endpoint = {
  endpointId: Scoped<EndpointId>;
  siteId: SiteId;
  bucketNo: number;
  url: string;
  active: boolean;
  intervalSeconds: number;
  /** Null: the server's default. */
  timeoutSeconds: number | null;
  /** Least time between two alerts about it; 0: none, null: the server's default. */
  alertCooldownMinutes: number | null;
  /** How it is probed. May hold secrets of the site: neither shown nor logged as it is. */
  plan: ProbePlanOverrides;
  /** While it lasts, failures open nothing; null: there is none, or half of one. It may be over, or lie ahead. */
  maintenance: MaintenanceWindow | null;
  /** When that window was set: it covers nothing before. Null: not known. */
  maintenanceSetAtMs: number | null;
  /** `site_status` as it stands in the registry; 0, 1 or 2, or whatever another program wrote. */
  legacyStatus: number;
  statusChangedAtMs: number | null;
  /** When it was removed, which only an inactive endpoint is; null: watched or paused. */
  removedAtMs: number | null;
};

export type Site = { siteId: SiteId; endpoints: Endpoint[] };

export type NewEndpoint = {
  /** Null: allocate one. */
  siteId: SiteId | null;
  url: string;
  active: boolean;
  bucketNo: number;
  intervalSeconds: number;
  timeoutSeconds?: number | null;
  alertCooldownMinutes?: number | null;
  plan?: Partial<ProbePlanOverrides>;
  maintenance?: MaintenanceWindow | null;
  /** Of the endpoints up to this one it is known that none has the URL: see `findByUrls`. */
  urlIsNewUpTo?: EndpointId;
};

export type Created =
  | { kind: 'created'; endpoint: Endpoint }
  /** The same site id and URL, or, without a site id, any endpoint in the scope with that URL. */
  | { kind: 'exists'; endpoint: Endpoint }
  /** The site with that id lies outside the scope. */
  | { kind: 'site_id_taken' }
  /** The registry is shared with version 1, so ids are not ours to hand out. */
  | { kind: 'site_id_required' };

export type SiteFilter = {
  /** Only sites after this one. */
  afterSiteId?: SiteId;
  /** At most this many; ask for one more than a page to learn whether another follows. */
  limit: number;
  /** True: sites with at least one active endpoint; false: sites with none. */
  active?: boolean;
  /** True: sites all of whose endpoints were removed; false: the others. */
  removed?: boolean;
  /** Sites that may be in one of these states, and all that are, as far as the log and the settings tell. */
  mayBe?: { states: readonly State[]; minSeverity: number; nowMs: number };
  /** Sites with an endpoint whose URL contains this text; no wildcards. */
  urlContains?: string;
};

export type EndpointFilter = {
  /** Only endpoints after this one. */
  after?: EndpointId;
  limit: number;
  active?: boolean;
  removed?: boolean;
};

export interface Endpoints {
  all(scope: SiteScope, tx?: Tx): Promise<Endpoint[]>;
  byId(scope: SiteScope, endpointId: EndpointId, tx?: Tx): Promise<Endpoint | null>;
  /** In the order they were added; empty when there is no such site. */
  bySite(scope: SiteScope, siteId: SiteId, tx?: Tx): Promise<Endpoint[]>;
  /** In the order of these ids, at most 200; those that do not exist are left out. */
  bySites(scope: SiteScope, siteIds: readonly SiteId[], tx?: Tx): Promise<Site[]>;
  /** How many endpoints each of these sites has, removed ones among them, at most 200 sites; those that do not exist are left out. */
  countBySites(scope: SiteScope, siteIds: readonly SiteId[]): Promise<ReadonlyMap<SiteId, number>>;
  /** The first endpoint with exactly this URL. */
  findByUrl(scope: SiteScope, url: string, tx?: Tx): Promise<Endpoint | null>;
  /** The same, and until the transaction ends nobody else adds a site with it or asks for it in turn. */
  findByUrlInTurn(scope: SiteScope, url: string, tx: Tx): Promise<Endpoint | null>;
  /**
   * The first endpoint of each of these URLs, at most 200; those that nobody watches are absent. Whoever adds a URL that is
   * not `found` need only look at endpoints after `upTo` again.
   */
  findByUrls(
    scope: SiteScope,
    urls: readonly string[],
    tx?: Tx,
  ): Promise<{ found: ReadonlyMap<string, Endpoint>; upTo: EndpointId }>;
  /** Some endpoints of a site, in the order they were added. */
  pageOfSite(scope: SiteScope, siteId: SiteId, filter: EndpointFilter, tx?: Tx): Promise<Endpoint[]>;
  /** By site id, ascending, each with all its endpoints. */
  listSites(scope: SiteScope, filter: SiteFilter, tx?: Tx): Promise<Site[]>;
  /** What is created lies in the scope from then on. What lies outside is not looked at, save for the id of a site. */
  create(scope: SiteScope, endpoint: NewEndpoint, tx?: Tx): Promise<Created>;
  /** Members left out stay as they are. Null when there is no such endpoint. */
  update(scope: SiteScope, endpointId: EndpointId, patch: EndpointPatch, tx?: Tx): Promise<Endpoint | null>;
  /** The same for many, in a few statements for all of them. Those that do not exist are left out. */
  updateAll(scope: SiteScope, endpointIds: readonly EndpointId[], patch: EndpointPatch, tx?: Tx): Promise<void>;
}

/** Endpoints that are changed by one statement. */
const ENDPOINTS_AT_ONCE = 200;

export function createEndpoints(db: Database, clock: Clock = systemClock): Endpoints {
  const within = <T>(tx: Tx | undefined, run: (tx: Tx) => Promise<T>) => (tx ? run(tx) : db.transaction(run));
  const endpoints = (scope: SiteScope, tx: Tx | undefined) =>
    select(tx ?? db.kysely).where(isInScope(scope, 'registry.site_id'));

  const everyOfSite = prepared(db.kysely, (hole: <T>(name: 'siteId') => T) =>
    endpoints(EVERY_SITE, undefined).where('registry.site_id', '=', hole<SiteId>('siteId')),
  );

  async function byId(scope: SiteScope, endpointId: EndpointId, tx?: Tx) {
    return first(await endpoints(scope, tx).where('registry.endpoint_id', '=', endpointId).execute());
  }

  async function findByUrl(scope: SiteScope, url: string, tx?: Tx) {
    return firstAt(url, await endpoints(scope, tx).where(atUrl(url)).execute());
  }

  async function findByUrls(scope: SiteScope, urls: readonly string[], tx?: Tx) {
    const found = new Map<string, Endpoint>();
    // First, because what is added after this has a higher id: creations take turns.
    const { last } = await (tx ?? db.kysely)
      .selectFrom(registry(tx ?? db.kysely))
      .select(({ fn }) => fn.max('registry.endpoint_id').as('last'))
      .executeTakeFirstOrThrow();
    if (urls.length > 0) {
      const rows = await endpoints(scope, tx).where(atUrls(urls)).execute();
      const wanted = new Set(urls);
      for (const row of rows) if (wanted.has(row.url) && !found.has(row.url)) found.set(row.url, endpointOf(row));
    }
    return { found, upTo: (last ?? 0n) as EndpointId };
  }

  async function pageOfSite(scope: SiteScope, siteId: SiteId, filter: EndpointFilter, tx?: Tx) {
    let query = endpoints(scope, tx).where('registry.site_id', '=', siteId);
    if (filter.after !== undefined) query = query.where('registry.endpoint_id', '>', filter.after);
    if (filter.active !== undefined) query = query.where('registry.active', filter.active ? '<>' : '=', 0n);
    if (filter.removed === true)
      query = query.where('registry.active', '=', 0n).where('config.removed_at', 'is not', null);
    if (filter.removed === false) {
      query = query.where(({ eb, or }) => or([eb('registry.active', '<>', 0n), eb('config.removed_at', 'is', null)]));
    }
    return (await query.limit(filter.limit).execute()).map(endpointOf);
  }

  async function bySites(scope: SiteScope, siteIds: readonly SiteId[], tx?: Tx): Promise<Site[]> {
    if (siteIds.length === 0) return [];
    const sites = new Map<bigint, Site>(siteIds.map((siteId) => [siteId, { siteId, endpoints: [] }]));
    const rows = await endpoints(scope, tx).where('registry.site_id', 'in', siteIds).execute();
    for (const row of rows) sites.get(row.site_id)?.endpoints.push(endpointOf(row));
    return [...sites.values()].filter((site) => site.endpoints.length > 0);
  }

  async function countBySites(scope: SiteScope, siteIds: readonly SiteId[]): Promise<Map<SiteId, number>> {
    if (siteIds.length === 0) return new Map();
    const rows = await db.kysely
      .selectFrom(registry(db.kysely))
      .select(({ fn }) => ['registry.site_id', fn.countAll<bigint>().as('many')])
      .where('registry.site_id', 'in', siteIds)
      .where(isInScope(scope, 'registry.site_id'))
      .groupBy('registry.site_id')
      .execute();
    return new Map(rows.map(({ site_id, many }) => [site_id as SiteId, Number(many)]));
  }

  async function create(tx: Tx, scope: SiteScope, wanted: NewEndpoint): Promise<Created> {
    await waitForOthers(tx);
    const anywhere = endpoints(scope, tx).where(atUrl(wanted.url));
    const { urlIsNewUpTo } = wanted;
    const same = urlIsNewUpTo === undefined ? anywhere : anywhere.where('registry.endpoint_id', '>', urlIsNewUpTo);
    const { siteId } = wanted;
    if (siteId !== null && (await isOutside(scope, siteId, tx))) return { kind: 'site_id_taken' };
    const rows = await (siteId === null ? same : same.where('registry.site_id', '=', siteId)).execute();
    const existing = firstAt(wanted.url, rows);
    if (existing !== null) return { kind: 'exists', endpoint: existing };
    const owner = siteId ?? (await allocateSiteId(tx));
    if (owner === null) return { kind: 'site_id_required' };
    const endpointId = await insertEntry(tx, { ...wanted, siteId: owner });
    const made = { endpointId, siteId: owner, maintenance: null };
    await saveSettings(tx, db.dialect, [made], wanted, clock.nowMs());
    await rememberAbsence(tx, { ...wanted, endpointId, siteId: owner }, clock.nowMs());
    await bringIntoScope(db, tx, scope, { siteId: owner, source: 'gateway', atMs: clock.nowMs() });
    const endpoint = await byId(scope, endpointId, tx);
    if (endpoint === null) throw new Error(`endpoint ${endpointId} is not there after it was inserted`);
    return { kind: 'created', endpoint };
  }

  /** No index of the registry keeps two from adding the same URL at once, so creations take turns at a row of ours. */
  async function waitForOthers(tx: Tx): Promise<void> {
    const row = tx.selectFrom('jetmon_schema_migrations').select('id').where('id', '=', 1n);
    await db.dialect.lockForUpdate(row).execute();
  }

  /** Whether a site is there, and not for this caller. */
  async function isOutside(scope: SiteScope, siteId: SiteId, tx: Tx): Promise<boolean> {
    if (scope.kind === 'all' || (await sitesInScope(tx, scope, [siteId])).has(siteId)) return false;
    return (await endpoints(EVERY_SITE, tx).where('registry.site_id', '=', siteId).limit(1).execute()).length > 0;
  }

  async function updateAll(tx: Tx, scope: SiteScope, endpointIds: readonly EndpointId[], patch: EndpointPatch) {
    for (let at = 0; at < endpointIds.length; at += ENDPOINTS_AT_ONCE) {
      const ids = endpointIds.slice(at, at + ENDPOINTS_AT_ONCE);
      const before = (await endpoints(scope, tx).where('registry.endpoint_id', 'in', ids).execute()).map(endpointOf);
      if (before.length === 0) continue;
      const nowMs = clock.nowMs();
      await rememberEndpoints(tx, before, patch, nowMs);
      await updateEntries(
        tx,
        before.map(({ endpointId }) => endpointId),
        patch,
      );
      if (hasSettings(patch)) await saveSettings(tx, db.dialect, before, patch, nowMs);
    }
  }

  async function update(tx: Tx, scope: SiteScope, endpointId: EndpointId, patch: EndpointPatch) {
    await updateAll(tx, scope, [endpointId], patch);
    return byId(scope, endpointId, tx);
  }

  return {
    all: async (scope, tx) => (await endpoints(scope, tx).execute()).map(endpointOf),
    byId,
    async bySite(scope, siteId, tx) {
      if (scope.kind === 'all' && tx === undefined) return (await everyOfSite({ siteId })).map(endpointOf);
      return (await endpoints(scope, tx).where('registry.site_id', '=', siteId).execute()).map(endpointOf);
    },
    bySites,
    countBySites,
    findByUrl,
    async findByUrlInTurn(scope, url, tx) {
      await waitForOthers(tx);
      return findByUrl(scope, url, tx);
    },
    findByUrls,
    pageOfSite,
    listSites: async (scope, filter, tx) => bySites(scope, await siteIdsOf(tx ?? db.kysely, scope, filter), tx),
    create: (scope, wanted, tx) => within(tx, (inner) => create(inner, scope, wanted)),
    update: (scope, endpointId, patch, tx) => within(tx, (inner) => update(inner, scope, endpointId, patch)),
    updateAll: (scope, endpointIds, patch, tx) => within(tx, (inner) => updateAll(inner, scope, endpointIds, patch)),
  };
}

function select(db: Executor) {
  return db
    .selectFrom(registry(db))
    .leftJoin('jetmon_endpoint_check_config as config', 'config.source_site_id', 'registry.endpoint_id')
    .selectAll('registry')
    .select(['config.check_interval_seconds', 'config.timeout_seconds', 'config.removed_at'])
    .select('config.alert_cooldown_minutes')
    .select(['config.maintenance_start', 'config.maintenance_end', 'config.maintenance_set_at'])
    .select(PLAN_COLUMNS.map((column) => `config.${column}` as const))
    .orderBy('registry.endpoint_id');
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

function endpointOf(row: Row): Endpoint {
  const exactSeconds = row.check_interval_seconds === null ? null : Number(row.check_interval_seconds);
  const active = row.active !== 0n;
  return {
    // Every query here that gives rows is within a scope.
    endpointId: row.endpoint_id as Scoped<EndpointId>,
    siteId: row.site_id as SiteId,
    bucketNo: Number(row.bucket_no),
    url: row.url,
    active,
    intervalSeconds: intervalSecondsOf(Number(row.interval_minutes), exactSeconds),
    timeoutSeconds: row.timeout_seconds === null ? null : Number(row.timeout_seconds),
    alertCooldownMinutes: row.alert_cooldown_minutes === null ? null : Number(row.alert_cooldown_minutes),
    plan: planOfRow(row),
    maintenance: windowOf(row),
    maintenanceSetAtMs: row.maintenance_set_at === null ? null : Number(row.maintenance_set_at),
    legacyStatus: Number(row.legacy_status),
    statusChangedAtMs: parseLegacyInstant(row.status_changed),
    // Another program that shares the registry may have made a removed row active again.
    removedAtMs: active || row.removed_at === null ? null : Number(row.removed_at),
  };
}

/** What a `Date` can hold. */
const MAX_INSTANT_MS = 8.64e15;

/** Another program may have written what is no window: it swallows nothing. */
export function windowOf({
  maintenance_start: start,
  maintenance_end: end,
}: Pick<Row, 'maintenance_start' | 'maintenance_end'>): MaintenanceWindow | null {
  if (start === null || end === null) return null;
  const [startMs, endMs] = [Number(start), Number(end)];
  const isWindow = startMs < endMs && startMs >= -MAX_INSTANT_MS && endMs <= MAX_INSTANT_MS;
  return isWindow ? { startMs, endMs } : null;
}

function first(rows: Row[]): Endpoint | null {
  return rows[0] === undefined ? null : endpointOf(rows[0]);
}

/** Text that the character set of the shared table may not hold can only be compared outside of it. */
function atUrl(url: string) {
  return isPlain(url) ? sql<boolean>`registry.url = ${url}` : sql<boolean>`cast(registry.url as char) = ${url}`;
}

/** The same for many: the registry is read once. */
function atUrls(urls: readonly string[]) {
  const column = urls.every(isPlain) ? sql`registry.url` : sql`cast(registry.url as char)`;
  return sql<boolean>`${column} in (${sql.join(urls)})`;
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** The registry may take `A` for `a` and overlook a space at the end; URLs that differ there are two. */
function firstAt(url: string, rows: Row[]): Endpoint | null {
  return first(rows.filter((row) => row.url === url));
}

async function siteIdsOf(db: Executor, scope: SiteScope, filter: SiteFilter): Promise<SiteId[]> {
  let query = db
    .selectFrom(registry(db))
    .select('registry.site_id')
    .where(isInScope(scope, 'registry.site_id'))
    .groupBy('registry.site_id');
  if (filter.afterSiteId !== undefined) query = query.where('registry.site_id', '>', filter.afterSiteId);
  if (filter.active !== undefined)
    query = query.having((eb) => eb.fn.max('registry.active'), '=', filter.active ? 1n : 0n);
  if (filter.active === false) query = query.where(isPausedInPart(db));
  if (filter.removed !== undefined) {
    // Asked of each row as it goes by: as a condition of its own a server would answer it for every site there is.
    const removedAt = sql`(select removed_at from jetmon_endpoint_check_config where source_site_id = registry.endpoint_id)`;
    const kept = sql<number>`max(case when registry.active <> 0 or ${removedAt} is null then 1 else 0 end)`;
    query = query.having(kept, '=', filter.removed ? 0 : 1);
    if (filter.removed) {
      const removed = db
        .selectFrom('jetmon_endpoint_check_config')
        .select('blog_id')
        .where('removed_at', 'is not', null);
      query = query.where('registry.site_id', 'in', removed);
    }
  }
  if (filter.mayBe !== undefined) query = query.where(await mayBeIn(db, filter.mayBe));
  if (filter.urlContains !== undefined) {
    // Tried while the sites go by in their order: whoever has found a page of them reads no further.
    const found = sql<number>`max(instr(lower(cast(registry.url as char)), lower(${filter.urlContains})))`;
    query = query.having(found, '>', 0);
  }
  const rows = await query.orderBy('registry.site_id').limit(filter.limit).execute();
  return rows.map((row) => row.site_id as SiteId);
}
