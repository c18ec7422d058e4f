import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { MAX_ID } from '../domain/ids.ts';
import { NO_OVERRIDES } from '../domain/probe-plan.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { NewEndpoint } from './endpoints.ts';

const site = (id: bigint) => id as SiteId;
const wanted = (url: string, change: Partial<NewEndpoint> = {}): NewEndpoint => ({
  siteId: null,
  url,
  active: true,
  bucketNo: 0,
  intervalSeconds: 300,
  ...change,
});

describe('creating an endpoint', () => {
  it('stores what was asked for and reads it back', async () => {
    const { endpoints } = await temporaryStore();
    const asked = wanted('https://a.example/', {
      active: false,
      bucketNo: 511,
      intervalSeconds: 45,
      timeoutSeconds: 7,
    });
    const created = await endpoints.create(EVERY_SITE, asked);
    expect(created).toEqual({
      kind: 'created',
      endpoint: {
        endpointId: 1n,
        siteId: 1n,
        bucketNo: 511,
        url: 'https://a.example/',
        active: false,
        intervalSeconds: 45,
        timeoutSeconds: 7,
        alertCooldownMinutes: null,
        plan: NO_OVERRIDES,
        maintenance: null,
        legacyStatus: 1,
        statusChangedAtMs: null,
        removedAtMs: null,
        maintenanceSetAtMs: null,
      },
    });
    expect(await endpoints.all(EVERY_SITE)).toEqual(created.kind === 'created' ? [created.endpoint] : null);
  });

  it('keeps ids exact beyond what a double holds', async () => {
    const { endpoints } = await temporaryStore();
    for (const siteId of [site(9_007_199_254_740_993n), site(MAX_ID)]) {
      expect(await endpoints.create(EVERY_SITE, wanted('https://a.example/', { siteId }))).toMatchObject({
        endpoint: { siteId },
      });
      expect(await endpoints.bySite(EVERY_SITE, siteId)).toMatchObject([{ siteId }]);
    }
  });

  it('finds the same site and URL again, and without a site any endpoint of that URL', async () => {
    const { endpoints } = await temporaryStore();
    const url = 'https://a.example/';
    const first = await endpoints.create(EVERY_SITE, wanted(url, { siteId: site(7n) }));
    const endpoint = first.kind === 'created' ? first.endpoint : null;
    expect(await endpoints.create(EVERY_SITE, wanted(url, { siteId: site(7n) }))).toEqual({ kind: 'exists', endpoint });
    expect(await endpoints.create(EVERY_SITE, wanted(url))).toEqual({ kind: 'exists', endpoint });
    expect(await endpoints.create(EVERY_SITE, wanted(url, { siteId: site(8n) }))).toMatchObject({ kind: 'created' });
    expect(await endpoints.create(EVERY_SITE, wanted('https://A.example/'))).toMatchObject({ kind: 'created' });
    expect(await endpoints.findByUrl(EVERY_SITE, url)).toEqual(endpoint);
    expect(await endpoints.findByUrl(EVERY_SITE, 'https://nowhere.example/')).toBeNull();
  });

  it('steps over site ids that callers chose', async () => {
    const { endpoints } = await temporaryStore();
    for (const chosen of [1n, 2n, 4n, MAX_ID]) {
      await endpoints.create(EVERY_SITE, wanted(`https://${chosen}.example/`, { siteId: site(chosen) }));
    }
    const allocated: bigint[] = [];
    for (const name of ['a', 'b', 'c']) {
      const created = await endpoints.create(EVERY_SITE, wanted(`https://${name}.example/`));
      if (created.kind === 'created') allocated.push(created.endpoint.siteId);
    }
    expect(allocated).toEqual([3n, 5n, 6n]);
  });

  it('never hands out one site id twice, however many ask at once', async () => {
    const { addEndpoint } = await temporaryStore();
    const added = await Promise.all(Array.from({ length: 30 }, () => addEndpoint()));
    expect(new Set(added.map((endpoint) => endpoint.siteId)).size).toBe(30);
  });
});

describe('finding the endpoints of several sites', () => {
  it('keeps the order that was asked for, and leaves out what does not exist', async () => {
    const { endpoints, addEndpoint } = await temporaryStore();
    const first = await addEndpoint();
    const second = await addEndpoint();
    const more = await addEndpoint({ siteId: first.siteId });
    expect(await endpoints.bySites(EVERY_SITE, [second.siteId, site(99n), first.siteId])).toEqual([
      { siteId: second.siteId, endpoints: [second] },
      { siteId: first.siteId, endpoints: [first, more] },
    ]);
    expect(await endpoints.bySites(EVERY_SITE, [])).toEqual([]);
  });
});

describe('changing an endpoint', () => {
  it('changes what is given and nothing else', async () => {
    const { endpoints, addEndpoint } = await temporaryStore();
    const before = await addEndpoint();
    const { endpointId } = before;
    expect(await endpoints.update(EVERY_SITE, endpointId, {})).toEqual(before);
    const paused = await endpoints.update(EVERY_SITE, endpointId, { active: false });
    expect(paused).toEqual({ ...before, active: false });
    const slower = await endpoints.update(EVERY_SITE, endpointId, {
      intervalSeconds: 90,
      timeoutSeconds: 5,
      bucketNo: 9,
    });
    expect(slower).toEqual({ ...before, active: false, intervalSeconds: 90, timeoutSeconds: 5, bucketNo: 9 });
    const back = await endpoints.update(EVERY_SITE, endpointId, { timeoutSeconds: null, url: 'https://b.example/' });
    expect(back).toEqual({ ...before, active: false, intervalSeconds: 90, bucketNo: 9, url: 'https://b.example/' });
  });

  it('keeps a maintenance window until it is taken away', async () => {
    const { endpoints, addEndpoint } = await temporaryStore();
    const { endpointId } = await addEndpoint();
    const maintenance = { startMs: 1_000, endMs: 2_000 };
    expect(await endpoints.update(EVERY_SITE, endpointId, { maintenance })).toMatchObject({ maintenance });
    expect(await endpoints.update(EVERY_SITE, endpointId, { intervalSeconds: 90 })).toMatchObject({ maintenance });
    expect(await endpoints.update(EVERY_SITE, endpointId, { maintenance: null })).toMatchObject({ maintenance: null });
  });

  it.each([
    [1_000n, null],
    [null, 1_000n],
    [1_000n, 1_000n],
    [2_000n, 1_000n],
    [-9_000_000_000_000_000n, 1_000n],
    [1_000n, 9_000_000_000_000_000n],
  ])('takes what is no window for none, whoever wrote it (%s to %s)', async (start, end) => {
    const { endpoints, addEndpoint, db } = await temporaryStore();
    const { endpointId } = await addEndpoint();
    await endpoints.update(EVERY_SITE, endpointId, { maintenance: { startMs: 1_000, endMs: 2_000 } });
    await db.kysely
      .updateTable('jetmon_endpoint_check_config')
      .set({ maintenance_start: start, maintenance_end: end })
      .execute();
    expect(await endpoints.byId(EVERY_SITE, endpointId)).toMatchObject({ maintenance: null });
  });

  it('says when there is no such endpoint', async () => {
    const { endpoints } = await temporaryStore();
    expect(await endpoints.update(EVERY_SITE, 99n as EndpointId, { active: false })).toBeNull();
    expect(await endpoints.byId(EVERY_SITE, 99n as EndpointId)).toBeNull();
    expect(await endpoints.bySite(EVERY_SITE, site(99n))).toEqual([]);
  });
});

describe('removing an endpoint', () => {
  it('is undone by making it active again, whoever does that', async () => {
    const { db, endpoints, addEndpoint } = await temporaryStore();
    const { endpointId } = await addEndpoint();
    const removed = await endpoints.update(EVERY_SITE, endpointId, { active: false, removedAtMs: 5_000 });
    expect(removed).toMatchObject({ active: false, removedAtMs: 5_000, intervalSeconds: 60 });
    expect(await endpoints.update(EVERY_SITE, endpointId, { active: false, bucketNo: 3 })).toMatchObject({
      removedAtMs: 5_000,
    });
    expect(await endpoints.update(EVERY_SITE, endpointId, { active: true })).toMatchObject({
      active: true,
      removedAtMs: null,
    });
    expect(await endpoints.update(EVERY_SITE, endpointId, { active: false })).toMatchObject({ removedAtMs: null });

    await endpoints.update(EVERY_SITE, endpointId, { removedAtMs: 6_000 });
    await sql`update jetpack_monitor_sites set monitor_active = 1`.execute(db.kysely);
    expect(await endpoints.byId(EVERY_SITE, endpointId)).toMatchObject({ active: true, removedAtMs: null });
    expect(await endpoints.listSites(EVERY_SITE, { limit: 9, removed: true })).toEqual([]);
  });
});

describe('listing sites', () => {
  it('pages by site id, each site with all its endpoints', async () => {
    const { endpoints } = await temporaryStore();
    for (const [id, url] of [
      [5n, 'a'],
      [3n, 'b'],
      [5n, 'c'],
      [9n, 'd'],
    ] as const) {
      await endpoints.create(EVERY_SITE, wanted(`https://${url}.example/`, { siteId: site(id) }));
    }
    const shown = (sites: { siteId: SiteId; endpoints: { url: string }[] }[]) =>
      sites.map((one) => [one.siteId, one.endpoints.map((endpoint) => endpoint.url.slice(8, 9)).join('')]);
    expect(shown(await endpoints.listSites(EVERY_SITE, { limit: 2 }))).toEqual([
      [3n, 'b'],
      [5n, 'ac'],
    ]);
    expect(shown(await endpoints.listSites(EVERY_SITE, { limit: 2, afterSiteId: site(5n) }))).toEqual([[9n, 'd']]);
    expect(await endpoints.listSites(EVERY_SITE, { limit: 2, afterSiteId: site(9n) })).toEqual([]);
  });

  it('filters by activity: a site is active while any endpoint is', async () => {
    const { endpoints } = await temporaryStore();
    for (const [id, active] of [
      [1n, true],
      [1n, false],
      [2n, false],
      [3n, true],
    ] as const) {
      await endpoints.create(EVERY_SITE, wanted(`https://${id}.example/${active}`, { siteId: site(id), active }));
    }
    const ids = async (active: boolean) =>
      (await endpoints.listSites(EVERY_SITE, { limit: 9, active })).map((one) => one.siteId);
    expect(await ids(true)).toEqual([1n, 3n]);
    expect(await ids(false)).toEqual([2n]);
  });

  it('tells removed sites apart: those of which every endpoint was removed', async () => {
    const { endpoints } = await temporaryStore();
    for (const [id, active, removedAtMs] of [
      [1n, true, null],
      [2n, false, null],
      [3n, false, 5_000],
      [4n, false, 5_000],
      [4n, false, null],
      [5n, false, 5_000],
      [5n, false, 6_000],
    ] as const) {
      const url = `https://${id}.example/${active}/${removedAtMs}`;
      const created = await endpoints.create(EVERY_SITE, wanted(url, { siteId: site(id), active }));
      if (created.kind !== 'created') throw new Error('not created');
      if (removedAtMs !== null) await endpoints.update(EVERY_SITE, created.endpoint.endpointId, { removedAtMs });
    }
    const ids = async (filter: { removed?: boolean; afterSiteId?: SiteId; limit?: number }) =>
      (await endpoints.listSites(EVERY_SITE, { limit: 9, ...filter })).map((one) => one.siteId);
    expect(await ids({})).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(await ids({ removed: true })).toEqual([3n, 5n]);
    expect(await ids({ removed: false })).toEqual([1n, 2n, 4n]);
    expect(await ids({ removed: false, limit: 1, afterSiteId: site(2n) })).toEqual([4n]);
  });

  it('searches URLs for the text itself, not for a pattern', async () => {
    const { endpoints } = await temporaryStore();
    for (const url of [
      'https://a.example/100%25',
      'https://b.example/x_y',
      'https://c.example/xzy',
      'https://d.example/!',
    ]) {
      await endpoints.create(EVERY_SITE, wanted(url));
    }
    const found = async (urlContains: string) =>
      (await endpoints.listSites(EVERY_SITE, { limit: 9, urlContains }))
        .map((one) => one.endpoints[0]?.url.slice(8, 9))
        .join('');
    expect(await found('%')).toBe('a');
    expect(await found('x_y')).toBe('b');
    expect(await found('!')).toBe('d');
    expect(await found('example')).toBe('abcd');
    expect(await found("' or 1=1 --")).toBe('');
  });
});

it('joins a transaction, so that what is made in it is seen in it and gone with it', async () => {
  const { db, endpoints } = await temporaryStore();
  const seen: unknown[] = [];
  const failed = db.transaction(async (tx) => {
    const created = await endpoints.create(EVERY_SITE, wanted('https://a.example/'), tx);
    if (created.kind !== 'created') throw new Error('not created');
    await endpoints.update(EVERY_SITE, created.endpoint.endpointId, { active: false }, tx);
    seen.push(await endpoints.findByUrl(EVERY_SITE, 'https://a.example/', tx));
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(seen).toMatchObject([{ active: false }]);
  expect(await endpoints.all(EVERY_SITE)).toEqual([]);
});
