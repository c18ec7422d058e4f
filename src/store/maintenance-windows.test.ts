import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import type { Planned } from '../domain/planned-maintenance.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { NewWindow } from './maintenance-rows.ts';
import {
  countWindows,
  insertWindow,
  listWindows,
  liveWindows,
  rememberWindows,
  updateWindow,
  waitForOtherPlans,
  windowById,
  windowsWithin,
} from './maintenance-windows.ts';

const ONE = { kind: 'tenant', tenantId: 'one' } as const;
const OTHER = { kind: 'tenant', tenantId: 'other' } as const;

const plan = (startMs: number, endMs: number): Planned => ({
  timing: { kind: 'once', startMs, endMs },
  fromMs: startMs,
  endedAtMs: null,
});

function window(siteId: SiteId | null, change: Partial<NewWindow> = {}): NewWindow {
  const rest = {
    endpointId: null,
    title: 'Größe',
    source: 'planned',
    zone: 'Europe/Berlin',
    createdBy: 'ops',
  } as const;
  return { siteId, ...rest, plan: plan(1_000, 9_000), ...change };
}

/** Two tenants with a site each. */
async function twoTenants() {
  const store = await temporaryStore();
  const [own, foreign] = [await store.addEndpoint(), await store.addEndpoint()];
  const row = (tenant_id: string, blog_id: SiteId) => ({ tenant_id, blog_id, created_at: 1, updated_at: 1 });
  await store.db.kysely
    .insertInto('jetmon_site_tenants')
    .values([row('one', own.siteId), row('other', foreign.siteId)])
    .execute();
  return { store, db: store.db.kysely, own, foreign };
}

describe('what covers a site', () => {
  it('is found however much others have planned for all of their sites', async () => {
    const { store, db, own, foreign } = await twoTenants();
    await store.db.transaction(async (tx) => {
      await insertWindow(tx, OTHER, window(null), 1_000);
      const columns = sql.raw(
        `blog_id, endpoint_id, tenant_id, title, source, start_at, end_at, duration_ms, rule, zone, effective_from, over_at,
        ended_at, removed_at, version_of, created_by, created_at, updated_at`,
      );
      const table = sql.table('jetmon_maintenance_windows');
      for (let rows = 1; rows < 20_000; rows *= 2)
        await sql`insert into ${table} (${columns}) select ${columns} from ${table}`.execute(tx);
      await insertWindow(tx, ONE, window(null, { title: 'ours' }), 1_000);
    });
    for (const scope of [ONE, EVERY_SITE]) {
      const found = await windowsWithin(db, scope, [own.siteId], { fromMs: 2_000, toMs: 3_000 });
      expect(found.get(own.siteId)?.map(({ title }) => title)).toEqual(['ours']);
    }
    expect((await windowsWithin(db, OTHER, [foreign.siteId], { fromMs: 2_000, toMs: 3_000 })).size).toBe(1);
  });
});

describe('plans of maintenance', () => {
  it('come back as they were written, once or again and again', async () => {
    const { store, db, own } = await twoTenants();
    const timing = {
      kind: 'recurring',
      first: { day: 20_000, ms: 7_200_000 },
      durationMs: 3_600_000,
      rule: { unit: 'week', every: 2, days: ['mon', 'sun'] },
      zone: 'Australia/Lord_Howe',
      untilMs: 4_000_000_000_000,
    } as const;
    const recurring: Planned = { timing, fromMs: 5, endedAtMs: null };
    for (const wanted of [window(own.siteId), window(null, { plan: recurring, zone: timing.zone, title: null })]) {
      const made = await store.db.transaction(async (tx) => {
        await waitForOtherPlans(tx, store.db.dialect);
        return insertWindow(tx, EVERY_SITE, wanted, 77);
      });
      expect(await windowById(db, EVERY_SITE, made.windowId)).toEqual({
        ...wanted,
        ...{ windowId: made.windowId, tenantId: null, wordsOf: null, createdAtMs: 77, updatedAtMs: 77 },
      });
    }
  });

  it('keep their earlier versions for the time these stood', async () => {
    const { store, db, own } = await twoTenants();
    const made = await store.db.transaction((tx) => insertWindow(tx, EVERY_SITE, window(own.siteId), 1));
    const changed = await store.db.transaction((tx) =>
      updateWindow(
        tx,
        EVERY_SITE,
        made.windowId,
        { plan: { ...plan(20_000, 30_000), zone: 'UTC', keepsPast: true } },
        5_000,
      ),
    );
    expect(changed?.versions).toHaveLength(1);
    expect(await listWindows(db, EVERY_SITE, { afterId: null, limit: 9 })).toEqual([changed?.window]);
    const told = async (fromMs: number, toMs: number) =>
      ((await windowsWithin(db, EVERY_SITE, [own.siteId], { fromMs, toMs })).get(own.siteId) ?? []).map(
        ({ plan }) => plan.endedAtMs,
      );
    expect(await told(0, 10_000)).toEqual([5_000]);
    expect(await told(5_000, 40_000)).toEqual([null]);
    expect(await told(0, 40_000)).toEqual([null, 5_000]);
    expect(await countWindows(db, EVERY_SITE, own.siteId, 6_000)).toBe(1);
  });

  it('that are removed are seen by nobody, and still covered what they did', async () => {
    const { store, db, own } = await twoTenants();
    const { windowId } = await store.db.transaction((tx) => insertWindow(tx, EVERY_SITE, window(own.siteId), 1));
    const ended = { ...plan(1_000, 9_000), endedAtMs: 2_000, zone: 'UTC', keepsPast: false };
    await store.db.transaction((tx) => updateWindow(tx, EVERY_SITE, windowId, { plan: ended, isRemoved: true }, 2_000));
    expect(await windowById(db, EVERY_SITE, windowId)).toBeNull();
    expect((await windowsWithin(db, EVERY_SITE, [own.siteId], { fromMs: 0, toMs: 9_000 })).size).toBe(1);
    expect((await liveWindows(db, EVERY_SITE, 2_000)).windows).toEqual([]);
  });

  it('lie in the scope of those whose sites they are for', async () => {
    const { store, db, own, foreign } = await twoTenants();
    const insert = (scope: Parameters<typeof insertWindow>[1], wanted: NewWindow) =>
      store.db.transaction((tx) => insertWindow(tx, scope, wanted, 1));
    const mine = await insert(ONE, window(own.siteId));
    const all = await insert(ONE, window(null));
    const everyone = await insert(EVERY_SITE, window(null));
    expect(all.tenantId).toBe('one');
    const ids = async (scope: typeof ONE | typeof OTHER | typeof EVERY_SITE) =>
      (await listWindows(db, scope, { afterId: null, limit: 9 })).map(({ windowId }) => windowId);
    expect(await ids(ONE)).toEqual([mine.windowId, all.windowId]);
    expect(await ids(OTHER)).toEqual([]);
    expect(await ids(EVERY_SITE)).toHaveLength(3);
    for (const { windowId } of [mine, all, everyone]) expect(await windowById(db, OTHER, windowId)).toBeNull();
    const gone = await store.db.transaction((tx) => updateWindow(tx, OTHER, mine.windowId, { title: 'x' }, 2));
    expect(gone).toBeNull();
    await expect(insert(OTHER, window(own.siteId))).rejects.toThrow();

    const span = { fromMs: 0, toMs: 9_000 };
    const sites = [own.siteId, foreign.siteId];
    const covered = await windowsWithin(db, EVERY_SITE, sites, span);
    const told = sites.map((siteId) => covered.get(siteId)?.map(({ windowId }) => windowId));
    expect(told).toEqual([[mine.windowId, all.windowId, everyone.windowId], [everyone.windowId]]);
    expect([...(await windowsWithin(db, OTHER, sites, span)).keys()]).toEqual([foreign.siteId]);
    const { windows, sitesOf } = await liveWindows(db, EVERY_SITE, 0);
    expect(windows).toHaveLength(3);
    expect(sitesOf).toEqual(new Map([['one', new Set([own.siteId])]]));
    expect((await liveWindows(db, OTHER, 0)).windows).toEqual([]);
    const ofForeign = await listWindows(db, EVERY_SITE, { afterId: null, limit: 9, siteId: foreign.siteId });
    expect(ofForeign).toEqual([everyone]);
  });

  it('remember what stood in the row of an endpoint, if it had begun', async () => {
    const { store, db, own } = await twoTenants();
    const { siteId, endpointId } = own;
    const remember = (startMs: number, endMs: number) =>
      store.db.transaction((tx) =>
        rememberWindows(tx, EVERY_SITE, [{ siteId, endpointId, window: { startMs, endMs }, setAtMs: null }], 5_000),
      );
    await remember(6_000, 9_000);
    await remember(1_000, 9_000);
    const found = await windowsWithin(db, EVERY_SITE, [siteId], { fromMs: 0, toMs: 99_000 });
    expect(found.get(siteId)?.map(({ plan, endpointId: of }) => [of, plan.fromMs, plan.endedAtMs])).toEqual([
      [endpointId, 1_000, 5_000],
    ]);
  });

  it('that another program wrote and that make no sense cover nothing', async () => {
    const { store, db, own } = await twoTenants();
    const { windowId } = await store.db.transaction((tx) => insertWindow(tx, EVERY_SITE, window(own.siteId), 1));
    const spoil = (columns: object) =>
      db.updateTable('jetmon_maintenance_windows').set(columns).where('id', '=', windowId).execute();
    for (const rule of ['{', '[]', '{"first":"2026-05-01T02:00:00","unit":"day","every":0}', '{"first":"x"}']) {
      await spoil({ rule });
      expect(await windowById(db, EVERY_SITE, windowId)).toBeNull();
    }
    await spoil({ rule: null, zone: 'Mars/Phobos' });
    expect(await listWindows(db, EVERY_SITE, { afterId: null, limit: 9 })).toEqual([]);
    await spoil({ zone: 'UTC', end_at: 0 });
    expect((await liveWindows(db, EVERY_SITE, 0)).windows).toEqual([]);
  });
});
