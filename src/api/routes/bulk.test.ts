import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startApi } from '../../../test/kit/api.ts';
import { appendTo, countStatements } from '../../../test/kit/store.ts';
import { bulkCreateSites } from '../../contracts/bulk.ts';
import { AppError } from '../../domain/errors.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createSites, updateSites } from '../../services/bulk.ts';
import { createSite } from '../../services/create-site.ts';
import type { Change } from '../../store/changes.ts';
import { createEndpoints } from '../../store/endpoints.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const CREATE = '/api/v1/bulk/sites/create';
const UPDATE = '/api/v1/bulk/sites/update';

type Item = { status: string; site_id?: number; error?: { code: string } };
const told = (reply: { body: { results: Item[] } }) =>
  reply.body.results.map(({ status, site_id, error }) => [status, site_id ?? null, error?.code ?? null]);

/** An API that already watches site 1, https://a.example/. */
async function withOne() {
  const api = await startApi();
  await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/' } });
  const heard: Change[] = [];
  api.changes.subscribe((change) => heard.push(change));
  const urls = async () => (await api.endpoints.all(EVERY_SITE)).map(({ url }) => url);
  return { ...api, heard, urls };
}

const MIXED = [
  { monitor_url: 'https://b.example/', check_interval: 1 },
  { monitor_url: 'https://a.example/' },
  { monitor_url: 'ftp://c.example/' },
  { monitor_url: 'https://d.example/', expected_status: 'fine' },
  { monitor_ur: 'https://e.example/' },
  'https://f.example/',
  { monitor_url: 'https://g.example/', maintenance_start: '2030-01-01T00:00:00Z' },
  { monitor_url: 'https://b.example/' },
  { monitor_url: 'https://h.example/', check_interval_seconds: 1 },
  { monitor_url: 'https://i.example/', blog_id: 77 },
];

describe('creating many sites', () => {
  it('creates what can be and says of each of the others why not', async () => {
    const { ask, urls, heard } = await withOne();
    const reply = await ask('POST', CREATE, { body: { sites: MIXED } });
    expect(reply.status).toBe(200);
    expect(told(reply)).toEqual([
      ['created', 2, null],
      ['exists', 1, 'site_exists'],
      ['refused', null, 'invalid_url'],
      ['refused', null, 'invalid_field'],
      ['refused', null, 'invalid_field'],
      ['refused', null, 'invalid_field'],
      ['refused', null, 'invalid_field'],
      ['exists', 2, 'site_exists'],
      ['refused', null, 'invalid_field'],
      ['created', 77, null],
    ]);
    expect(reply.body).toMatchObject({ done: 2, refused: 6 });
    expect(reply.body.results[4].error).toMatchObject({
      fix: 'did you mean monitor_url?',
      details: { field: 'monitor_ur' },
    });
    expect(reply.body.results[1].error.details).toEqual({ site_id: 1, monitor_active: true, removed: false });
    expect(await urls()).toEqual(['https://a.example/', 'https://b.example/', 'https://i.example/']);
    expect(heard.flatMap((change) => (change.kind === 'site_changed' ? [change.siteId] : []))).toEqual([2n, 77n]);
  });

  it('creates all or nothing where that is wanted, and tells of everything that stood in the way', async () => {
    const { ask, urls, heard } = await withOne();
    const sites = MIXED.slice(0, 3);
    const refused = await ask('POST', CREATE, { body: { sites, atomic: true } });
    expect(told(refused)).toEqual([
      ['skipped', null, null],
      ['exists', 1, 'site_exists'],
      ['refused', null, 'invalid_url'],
    ]);
    expect([refused.body.done, await urls(), heard]).toEqual([0, ['https://a.example/'], []]);
    const done = await ask('POST', CREATE, { body: { sites: sites.slice(0, 2), atomic: true } });
    expect(told(done).map(([status]) => status)).toEqual(['created', 'exists']);
    expect(await urls()).toEqual(['https://a.example/', 'https://b.example/']);
  });

  it('tells nothing of a header value that was refused', async () => {
    const { ask } = await withOne();
    const sites = [{ monitor_url: 'https://b.example/', custom_headers: { host: 'canary' } }];
    const reply = await ask('POST', CREATE, { body: { sites } });
    expect([told(reply)[0]?.[0], reply.text.includes('canary')]).toEqual(['refused', false]);
  });

  it('reads the registry once for all URLs, however many there are', async () => {
    const api = await withOne();
    const counted = countStatements(api.database);
    const deps = { ...api, database: counted.db, endpoints: createEndpoints(counted.db, api.clock) };
    const sites = (from: number, many: number) =>
      Array.from({ length: many }, (_, n) => ({ siteId: null, url: `https://${from + n}.example/` }));
    const statements = async (from: number, many: number) => {
      counted.reset();
      await createSites(deps, POLICY, EVERY_SITE, sites(from, many), { atomic: false });
      return counted.sent().length;
    };
    const [ten, twenty, thirty] = [await statements(100, 10), await statements(200, 20), await statements(300, 30)];
    expect(thirty - twenty).toBe(twenty - ten);
    expect(await statements(300, 30)).toBe(await statements(100, 10));
  });

  it('says in its own description what a site is', () => {
    const schema = z.toJSONSchema(bulkCreateSites.body, { io: 'input', unrepresentable: 'any' });
    expect(JSON.stringify(schema)).toContain('"monitor_url"');
  });

  it('takes at most 200, at least one, and nothing else', async () => {
    const { ask } = await startApi();
    const refused = async (body: object) => (await ask('POST', CREATE, { body })).body.error?.details?.field;
    expect(await refused({ sites: [] })).toBe('sites');
    expect(await refused({ sites: Array.from({ length: 201 }, () => ({ monitor_url: 'x' })) })).toBe('sites');
    expect(await refused({ site: [] })).toBe('site');
    expect((await ask('POST', CREATE, { text: '[]' })).body.error.code).toBe('invalid_body');
  });
});

describe('changing many sites', () => {
  async function three() {
    const api = await withOne();
    await api.ask('POST', CREATE, {
      body: { sites: [{ monitor_url: 'https://b.example/' }, { monitor_url: 'https://c.example/' }] },
    });
    api.heard.splice(0);
    return api;
  }

  it('changes those that are there', async () => {
    const { ask, endpoints } = await three();
    const changes = { check_interval: 7, timeout_seconds: 9 };
    const reply = await ask('POST', UPDATE, { body: { site_ids: [1, 99, 3], changes } });
    expect(told(reply)).toEqual([
      ['updated', 1, null],
      ['refused', 99, 'site_not_found'],
      ['updated', 3, null],
    ]);
    const seconds = (await endpoints.all(EVERY_SITE)).map(({ intervalSeconds }) => intervalSeconds);
    expect(seconds).toEqual([420, 300, 420]);
  });

  it('changes all or none where that is wanted', async () => {
    const { ask, endpoints, heard } = await three();
    const body = { site_ids: [1, 99, 3], changes: { bucket_no: 4 }, atomic: true };
    expect(told(await ask('POST', UPDATE, { body }))).toEqual([
      ['skipped', 1, null],
      ['refused', 99, 'site_not_found'],
      ['skipped', 3, null],
    ]);
    expect([(await endpoints.all(EVERY_SITE)).map(({ bucketNo }) => bucketNo), heard]).toEqual([[0, 0, 0], []]);
    const done = await ask('POST', UPDATE, { body: { ...body, site_ids: [3, 1] } });
    expect(done.body.done).toBe(2);
    expect((await endpoints.all(EVERY_SITE)).map(({ bucketNo }) => bucketNo)).toEqual([4, 0, 4]);
  });

  it('changes no more at once than one transaction may hold', async () => {
    const api = await three();
    const countBySites = async (_: unknown, ids: readonly SiteId[]) => new Map(ids.map((id) => [id, 1_001]));
    const deps = { ...api, endpoints: { ...api.endpoints, countBySites } };
    const change = (atomic: boolean) =>
      updateSites(deps, POLICY, EVERY_SITE, [1n, 3n] as SiteId[], { changes: { bucketNo: 4 }, atomic });
    await expect(change(true)).rejects.toMatchObject({ code: 'invalid_field', details: { field: 'site_ids' } });
    expect((await change(false)).map(({ status }) => status)).toEqual(['updated', 'updated']);
  });

  it('pauses with what is open closed, and resumes', async () => {
    const { ask, endpoints, events, heard } = await three();
    const endpoint = await endpoints.byId(EVERY_SITE, 2n as EndpointId);
    if (endpoint === null) throw new Error('no endpoint');
    const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await events.append(appendTo(endpoint, [open]));
    heard.splice(0);
    const body = { site_ids: [1, 2] };
    expect((await ask('POST', '/api/v1/bulk/sites/pause', { body })).body).toMatchObject({ done: 2, refused: 0 });
    expect((await ask('GET', '/api/v1/sites/2')).body).toMatchObject({ current_state: 'Paused', active_events: [] });
    expect(heard.filter(({ kind }) => kind === 'site_changed')).toHaveLength(2);
    expect((await ask('GET', '/api/v1/sites?monitor_active=false')).body.data).toHaveLength(2);
    expect((await ask('POST', '/api/v1/bulk/sites/resume', { body })).body.done).toBe(2);
    expect((await ask('GET', '/api/v1/sites?monitor_active=false')).body.data).toEqual([]);
  });

  it('refuses as a whole what is allowed for none, and an id that is there twice', async () => {
    const { ask } = await three();
    const refused = async (body: object) => {
      const { error } = (await ask('POST', UPDATE, { body })).body;
      return [error.code, error.details?.field];
    };
    expect(await refused({ site_ids: [1], changes: { check_interval_seconds: 1 } })).toEqual([
      'invalid_field',
      'check_interval_seconds',
    ]);
    expect((await refused({ site_ids: [1], changes: { monitor_url: 'x' } }))[0]).toBe('invalid_url');
    expect(await refused({ site_ids: [1], changes: { intervall: 1 } })).toEqual(['invalid_field', 'changes.intervall']);
    expect(await refused({ site_ids: [1, 1], changes: {} })).toEqual(['invalid_field', 'site_ids']);
    expect((await ask('POST', UPDATE, { text: '{' })).body.error.code).toBe('invalid_body');
  });

  it('tells what was done when the database is lost on the way, and fails whole when nothing was', async () => {
    const api = await three();
    const gone = new AppError('db_unavailable', 'the database does not answer', {});
    const losing = (after: number) => {
      let left = after;
      const transaction: typeof api.database.transaction = (run, options) =>
        left-- > 0 ? api.database.transaction(run, options) : Promise.reject(gone);
      return { ...api, database: { ...api.database, transaction } };
    };
    const all = [1n, 2n, 3n].map((id) => id as SiteId);
    const wanted = { changes: { bucketNo: 2 }, atomic: false };
    const outcomes = await updateSites(losing(1), POLICY, EVERY_SITE, all, wanted);
    expect(outcomes.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
      ['updated', null],
      ['refused', 'db_unavailable'],
      ['skipped', null],
    ]);
    await expect(updateSites(losing(0), POLICY, EVERY_SITE, all, wanted)).rejects.toBe(gone);
    await expect(updateSites(losing(0), POLICY, EVERY_SITE, all, { ...wanted, atomic: true })).rejects.toBe(gone);
  });

  it('finds no site of another tenant, and creates beside it', async () => {
    const api = await startApi();
    const own = { kind: 'tenant', tenantId: 'own' } as const;
    const other = { kind: 'tenant', tenantId: 'other' } as const;
    const { siteId } = await createSite(api, POLICY, own, { siteId: null, url: 'https://a.example/' });
    const wanted = { changes: { active: false }, atomic: false };
    const [missed] = await updateSites(api, POLICY, other, [siteId], wanted);
    expect(missed).toMatchObject({ status: 'refused', error: { code: 'site_not_found' } });
    const sites = [
      { siteId: null, url: 'https://a.example/' },
      { siteId, url: 'https://b.example/' },
    ];
    const made = await createSites(api, POLICY, other, sites, { atomic: false });
    expect(made).toMatchObject([{ status: 'created' }, { status: 'refused', siteId: null }]);
    expect(made[0]?.siteId).not.toBe(siteId);
    expect((await updateSites(api, POLICY, own, [siteId], wanted))[0]?.status).toBe('updated');
  });
});
