import { describe, expect, expectTypeOf, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { EVERY_SITE, type Scoped, type SiteScope, type scoped } from '../domain/site-scope.ts';
import { listAudit, recordAudit } from './audit.ts';
import type { History } from './history/history.ts';
import type { RuntimeStore } from './runtime.ts';
import { readRules, writeRules } from './site-rules.ts';
import { sitesInScope } from './site-scope.ts';
import { readTrail } from './trail.ts';

const ONE: SiteScope = { kind: 'tenant', tenantId: 'one' };
const OTHER: SiteScope = { kind: 'tenant', tenantId: 'other' };
const PLAIN = { siteId: null, active: true, bucketNo: 0, intervalSeconds: 60 };

async function twoTenants() {
  const store = await temporaryStore();
  const create = async (scope: SiteScope, url: string, siteId: SiteId | null = null) =>
    store.endpoints.create(scope, { ...PLAIN, url, siteId });
  const created = async (scope: SiteScope, url: string) => {
    const found = await create(scope, url);
    if (found.kind !== 'created') throw new Error(found.kind);
    return found.endpoint;
  };
  return {
    ...store,
    create,
    own: await created(ONE, 'https://own.example/'),
    foreign: await created(OTHER, 'https://foreign.example/'),
    unowned: await created(EVERY_SITE, 'https://unowned.example/'),
  };
}

describe('a tenant', () => {
  it('finds its own sites, and no other by any way in', async () => {
    const { endpoints, own, foreign, unowned } = await twoTenants();
    const everyId = [own, foreign, unowned].map(({ siteId }) => siteId);
    expect((await endpoints.all(ONE)).map(({ url }) => url)).toEqual([own.url]);
    expect((await endpoints.listSites(ONE, { limit: 10 })).map(({ siteId }) => siteId)).toEqual([own.siteId]);
    expect((await endpoints.bySites(ONE, everyId)).map(({ siteId }) => siteId)).toEqual([own.siteId]);
    expect([
      ...(
        await endpoints.findByUrls(
          ONE,
          [own, foreign, unowned].map(({ url }) => url),
        )
      ).found.keys(),
    ]).toEqual([own.url]);
    for (const { siteId, endpointId, url } of [foreign, unowned]) {
      expect(await endpoints.bySite(ONE, siteId)).toEqual([]);
      expect(await endpoints.pageOfSite(ONE, siteId, { limit: 10 })).toEqual([]);
      expect(await endpoints.byId(ONE, endpointId)).toBeNull();
      expect(await endpoints.findByUrl(ONE, url)).toBeNull();
      expect(await endpoints.update(ONE, endpointId, { active: false })).toBeNull();
    }
    expect((await endpoints.all(EVERY_SITE)).every(({ active }) => active)).toBe(true);
  });

  it('may watch what another watches, and is not told of it', async () => {
    const { create, foreign } = await twoTenants();
    const same = await create(ONE, foreign.url);
    expect(same.kind === 'created' && same.endpoint.siteId !== foreign.siteId).toBe(true);
    expect((await create(ONE, foreign.url)).kind).toBe('exists');
  });

  it('cannot add to a site of another by its id', async () => {
    const { create, endpoints, foreign, unowned } = await twoTenants();
    for (const { siteId } of [foreign, unowned]) {
      expect(await create(ONE, 'https://intruder.example/', siteId)).toEqual({ kind: 'site_id_taken' });
    }
    expect(await endpoints.findByUrl(EVERY_SITE, 'https://intruder.example/')).toBeNull();
  });

  it('shares a site that both are given', async () => {
    const { db, own, foreign } = await twoTenants();
    const row = { tenant_id: 'one', blog_id: foreign.siteId, created_at: 1n, updated_at: 1n };
    await db.kysely.insertInto('jetmon_site_tenants').values(row).execute();
    const found = await sitesInScope(db.kysely, ONE, [own.siteId, foreign.siteId, 99n as SiteId]);
    expect([...found]).toEqual([own.siteId, foreign.siteId]);
    expect(await sitesInScope(db.kysely, OTHER, [own.siteId, foreign.siteId])).toEqual(new Set([foreign.siteId]));
  });

  it('finds the events of its own sites alone', async () => {
    const { db, queries, own, foreign } = await twoTenants();
    for (const { siteId, endpointId } of [own, foreign]) {
      const event = { blog_id: siteId, endpoint_id: endpointId, check_type: 'http', severity: 4n, state: 'Down' };
      await db.kysely
        .insertInto('jetmon_events')
        .values({ ...event, started_at: 1n, updated_at: 1n, version: 1n })
        .execute();
    }
    const everything = await queries.list(EVERY_SITE, { limit: 10 });
    expect(everything.length).toBe(2);
    const [mine, ...rest] = await queries.list(ONE, { limit: 10, active: true });
    expect([mine?.siteId, rest]).toEqual([own.siteId, []]);
    const theirs = everything.find(({ siteId }) => siteId === foreign.siteId)?.eventId ?? (0n as never);
    expect(await queries.byId(ONE, theirs)).toBeNull();
    expect((await queries.openBySites(ONE, [own.siteId, foreign.siteId])).size).toBe(1);
  });

  it('finds the rules and the trail of its own sites alone', async () => {
    const { db, own, foreign } = await twoTenants();
    const siteIds = [own.siteId, foreign.siteId];
    for (const siteId of siteIds) {
      await db.transaction((tx) => writeRules(db, tx, EVERY_SITE, { siteId, text: '{}', updatedAtMs: 1 }));
      await recordAudit(db.kysely, [{ siteId, eventType: 'config_change', atMs: 1 }]);
    }
    await recordAudit(db.kysely, [{ siteId: null, eventType: 'config_change', atMs: 1 }]);
    expect([...(await readRules(db.kysely, ONE, siteIds)).keys()]).toEqual([own.siteId]);
    expect([...(await readRules(db.kysely, EVERY_SITE, siteIds)).keys()]).toEqual(siteIds);
    const span = { sinceMs: 0, untilMs: 2, limit: 10 };
    expect((await listAudit(db.kysely, ONE, span)).map(({ siteId }) => siteId)).toEqual([own.siteId]);
    expect(await listAudit(db.kysely, EVERY_SITE, span)).toHaveLength(3);
    expect(await readTrail(db, ONE, { ...span, siteId: own.siteId })).toMatchObject({ entries: [{ kind: 'audit' }] });
    expect(await readTrail(db, ONE, { ...span, siteId: foreign.siteId })).toBeNull();
  });

  it('reads the looks at endpoints it has found, and at no others', async () => {
    const { endpoints, own, foreign } = await twoTenants();
    expectTypeOf<Parameters<History['coverage']>[0]>().toEqualTypeOf<Scoped<EndpointId>>();
    expectTypeOf<EndpointId>().not.toExtend<Parameters<History['samples']>[0]>();
    expectTypeOf<EndpointId>().not.toExtend<Parameters<RuntimeStore['latest']>[0]>();
    expectTypeOf<SiteScope>().not.toExtend<Parameters<typeof scoped>[0]>();
    const found = await Promise.all([own, foreign].map(({ siteId }) => endpoints.bySite(ONE, siteId)));
    expect(found.map((each) => each.map(({ endpointId }) => endpointId))).toEqual([[own.endpointId], []]);
  });
});
