/** Sites and their endpoints: the shared registry joined with the settings it has no columns for. */
import { sql } from 'kysely';
import { type EndpointId, MAX_ID, type SiteId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlanOverrides } from '../domain/probe-plan.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Database } from './database.ts';
import { insertEntry, intervalSecondsOf, parseLegacyInstant, registry, updateEntry } from './legacy.ts';
import { PLAN_COLUMNS, planColumns, planOfRow } from './plan-columns.ts';
import type { Executor, Tx } from './schema.ts';
import { bringIntoScope, isInScope, sitesInScope } from './site-scope.ts';

/** One monitored URL. Sites that share a site id are tracked apart, by endpoint id. */
export type Endpoint = {
  endpointId: EndpointId;
  siteId: SiteId;
  bucketNo: number;
  url: string;
  active: boolean;
  intervalSeconds: number;
  /** Null: the server's default. */
  timeoutSeconds: number | null;
  /** How it is probed. May hold secrets of the site: neither shown nor logged as it is. */
  plan: ProbePlanOverrides;
  /** While it lasts, failures open nothing; null: there is none, or half of one. It may be over, or lie ahead. */
  maintenance: MaintenanceWindow | null;
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
  plan?: Partial<ProbePlanOverrides>;
  maintenance?: MaintenanceWindow | null;
};

export type EndpointPatch = {
  url?: string;
  active?: boolean;
  bucketNo?: number;
  intervalSeconds?: number;
  timeoutSeconds?: number | null;
  /** Members left out stay as they are. */
  plan?: Partial<ProbePlanOverrides>;
  /** Null: none any more. */
  maintenance?: MaintenanceWindow | null;
  /** Stamps the instant of change in the registry. */
  statusChangedAtMs?: number;
  /** Making an endpoint active clears it. */
  removedAtMs?: number;
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
  /** Sites with an endpoint whose URL contains this text; no wildcards. */
  urlContains?: string;
};

export interface Endpoints {
  all(scope: SiteScope, tx?: Tx): Promise<Endpoint[]>;
  byId(scope: SiteScope, endpointId: EndpointId, tx?: Tx): Promise<Endpoint | null>;
  /** In the order they were added; empty when there is no such site. */
  bySite(scope: SiteScope, siteId: SiteId, tx?: Tx): Promise<Endpoint[]>;
  /** In the order of these ids, at most 200; those that do not exist are left out. */
  bySites(scope: SiteScope, siteIds: readonly SiteId[], tx?: Tx): Promise<Site[]>;
  /** The first endpoint with exactly this URL. */
  findByUrl(scope: SiteScope, url: string, tx?: Tx): Promise<Endpoint | null>;
  /** By site id, ascending, each with all its endpoints. */
  listSites(scope: SiteScope, filter: SiteFilter, tx?: Tx): Promise<Site[]>;
  /** What is created lies in the scope from then on. What lies outside is not looked at, save for the id of a site. */
  create(scope: SiteScope, endpoint: NewEndpoint, tx?: Tx): Promise<Created>;
  /** Members left out stay as they are. Null when there is no such endpoint. */
  update(scope: SiteScope, endpointId: EndpointId, patch: EndpointPatch, tx?: Tx): Promise<Endpoint | null>;
}

export function createEndpoints(db: Database, clock: Clock = systemClock): Endpoints {
  const within = <T>(tx: Tx | undefined, run: (tx: Tx) => Promise<T>) => (tx ? run(tx) : db.transaction(run));
  const endpoints = (scope: SiteScope, tx: Tx | undefined) =>
    select(tx ?? db.kysely).where(isInScope(scope, 'registry.site_id'));

  async function byId(scope: SiteScope, endpointId: EndpointId, tx?: Tx) {
    return first(await endpoints(scope, tx).where('registry.endpoint_id', '=', endpointId).execute());
  }

  async function findByUrl(scope: SiteScope, url: string, tx?: Tx) {
    return firstAt(url, await endpoints(scope, tx).where(atUrl(url)).execute());
  }

  async function bySites(scope: SiteScope, siteIds: readonly SiteId[], tx?: Tx): Promise<Site[]> {
    if (siteIds.length === 0) return [];
    const sites = new Map<bigint, Site>(siteIds.map((siteId) => [siteId, { siteId, endpoints: [] }]));
    const rows = await endpoints(scope, tx).where('registry.site_id', 'in', siteIds).execute();
    for (const row of rows) sites.get(row.site_id)?.endpoints.push(endpointOf(row));
    return [...sites.values()].filter((site) => site.endpoints.length > 0);
  }

  async function saveSettings(tx: Tx, endpoint: Pick<Endpoint, 'endpointId' | 'siteId'>, patch: EndpointPatch) {
    const nowMs = clock.nowMs();
    const removedAtMs = patch.active === true ? null : patch.removedAtMs;
    const row = {
      source_site_id: endpoint.endpointId,
      blog_id: endpoint.siteId,
      ...(patch.intervalSeconds === undefined ? {} : { check_interval_seconds: patch.intervalSeconds }),
      ...(patch.timeoutSeconds === undefined ? {} : { timeout_seconds: patch.timeoutSeconds }),
      ...planColumns(patch.plan ?? {}),
      ...windowColumns(patch.maintenance),
      ...(removedAtMs === undefined ? {} : { removed_at: removedAtMs }),
      created_at: nowMs,
      updated_at: nowMs,
    };
    const table = 'jetmon_endpoint_check_config';
    await db.dialect.upsert(tx, { table, rows: [row], key: ['source_site_id'], keep: ['created_at'] });
  }

  async function create(tx: Tx, scope: SiteScope, wanted: NewEndpoint): Promise<Created> {
    await waitForOthers(tx);
    const same = endpoints(scope, tx).where(atUrl(wanted.url));
    const { siteId } = wanted;
    if (siteId !== null && (await isOutside(scope, siteId, tx))) return { kind: 'site_id_taken' };
    const rows = await (siteId === null ? same : same.where('registry.site_id', '=', siteId)).execute();
    const existing = firstAt(wanted.url, rows);
    if (existing !== null) return { kind: 'exists', endpoint: existing };
    const owner = siteId ?? (await allocateSiteId(tx));
    if (owner === null) return { kind: 'site_id_required' };
    const endpointId = await insertEntry(tx, { ...wanted, siteId: owner });
    await saveSettings(tx, { endpointId, siteId: owner }, wanted);
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

  async function update(
    tx: Tx,
    scope: SiteScope,
    endpointId: EndpointId,
    patch: EndpointPatch,
  ): Promise<Endpoint | null> {
    const before = await byId(scope, endpointId, tx);
    if (before === null) return null;
    await updateEntry(tx, endpointId, patch);
    if (hasSettings(patch)) await saveSettings(tx, before, patch);
    return byId(scope, endpointId, tx);
  }

  return {
    all: async (scope, tx) => (await endpoints(scope, tx).execute()).map(endpointOf),
    byId,
    async bySite(scope, siteId, tx) {
      return (await endpoints(scope, tx).where('registry.site_id', '=', siteId).execute()).map(endpointOf);
    },
    bySites,
    findByUrl,
    listSites: async (scope, filter, tx) => bySites(scope, await siteIdsOf(tx ?? db.kysely, scope, filter), tx),
    create: (scope, wanted, tx) => within(tx, (inner) => create(inner, scope, wanted)),
    update: (scope, endpointId, patch, tx) => within(tx, (inner) => update(inner, scope, endpointId, patch)),
  };
}

/** Whether a patch changes anything that the registry has no column for. */
function hasSettings(patch: EndpointPatch): boolean {
  const { active, intervalSeconds, timeoutSeconds, plan, maintenance, removedAtMs } = patch;
  const settings = [intervalSeconds, timeoutSeconds, plan, maintenance, removedAtMs];
  return active === true || settings.some((value) => value !== undefined);
}

function select(db: Executor) {
  return db
    .selectFrom(registry(db))
    .leftJoin('jetmon_endpoint_check_config as config', 'config.source_site_id', 'registry.endpoint_id')
    .selectAll('registry')
    .select(['config.check_interval_seconds', 'config.timeout_seconds', 'config.removed_at'])
    .select(['config.maintenance_start', 'config.maintenance_end'])
    .select(PLAN_COLUMNS.map((column) => `config.${column}` as const))
    .orderBy('registry.endpoint_id');
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

function endpointOf(row: Row): Endpoint {
  const exactSeconds = row.check_interval_seconds === null ? null : Number(row.check_interval_seconds);
  const active = row.active !== 0n;
  return {
    endpointId: row.endpoint_id as EndpointId,
    siteId: row.site_id as SiteId,
    bucketNo: Number(row.bucket_no),
    url: row.url,
    active,
    intervalSeconds: intervalSecondsOf(Number(row.interval_minutes), exactSeconds),
    timeoutSeconds: row.timeout_seconds === null ? null : Number(row.timeout_seconds),
    plan: planOfRow(row),
    maintenance: windowOf(row),
    legacyStatus: Number(row.legacy_status),
    statusChangedAtMs: parseLegacyInstant(row.status_changed),
    // Another program that shares the registry may have made a removed row active again.
    removedAtMs: active || row.removed_at === null ? null : Number(row.removed_at),
  };
}

function windowColumns(window: MaintenanceWindow | null | undefined) {
  if (window === undefined) return {};
  return { maintenance_start: window?.startMs ?? null, maintenance_end: window?.endMs ?? null };
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
  const isPlain = /^[\x20-\x7e]*$/.test(url);
  return isPlain ? sql<boolean>`registry.url = ${url}` : sql<boolean>`cast(registry.url as char) = ${url}`;
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
  if (filter.removed !== undefined) {
    const kept = db
      .selectFrom(registry(db, 'kept'))
      .leftJoin('jetmon_endpoint_check_config as config', 'config.source_site_id', 'kept.endpoint_id')
      .select('kept.endpoint_id')
      .where(sql<boolean>`kept.site_id = registry.site_id`)
      .where(({ eb, or }) => or([eb('kept.active', '<>', 0n), eb('config.removed_at', 'is', null)]));
    query = query.where(({ exists, not }) => (filter.removed ? not(exists(kept)) : exists(kept)));
  }
  if (filter.urlContains !== undefined) {
    // `!` escapes, because databases disagree on whether a backslash in a literal is one character.
    const pattern = `%${filter.urlContains.replace(/[!%_]/g, '!$&')}%`;
    const matching = db
      .selectFrom(registry(db))
      .select('registry.site_id')
      .where(sql<boolean>`lower(cast(url as char)) like lower(${pattern}) escape '!'`);
    query = query.where('registry.site_id', 'in', matching);
  }
  const rows = await query.orderBy('registry.site_id').limit(filter.limit).execute();
  return rows.map((row) => row.site_id as SiteId);
}

/** The next free site id, or null where ids are not ours to hand out. Ids that callers chose are stepped over. */
async function allocateSiteId(tx: Tx): Promise<SiteId | null> {
  const sequence = await tx
    .selectFrom('jetmon_sequences')
    .select('next_value')
    .where('name', '=', 'blog_id')
    .executeTakeFirst();
  if (sequence === undefined) return null;
  const siteId = await firstFreeFrom(tx, sequence.next_value);
  await tx
    .updateTable('jetmon_sequences')
    .set({ next_value: siteId + 1n })
    .where('name', '=', 'blog_id')
    .execute();
  return siteId as SiteId;
}

async function firstFreeFrom(tx: Tx, wanted: bigint): Promise<bigint> {
  const taken = await tx.selectFrom(registry(tx)).select('site_id').where('site_id', '=', wanted).limit(1).execute();
  if (taken.length === 0) return wanted;
  // The end of the run of taken ids that `wanted` lies in.
  const end = await tx
    .selectFrom(registry(tx))
    .select('registry.site_id')
    .where('registry.site_id', '>=', wanted)
    .where('registry.site_id', '<', MAX_ID)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom(registry(tx, 'next'))
            .select('next.site_id')
            .where(sql<boolean>`next.site_id = registry.site_id + 1`),
        ),
      ),
    )
    .orderBy('registry.site_id')
    .limit(1)
    .executeTakeFirst();
  if (end === undefined) throw new Error('there is no free site id left');
  return end.site_id + 1n;
}
