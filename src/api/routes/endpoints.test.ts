import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { addEndpoint, deleteEndpoint, updateEndpoint } from '../../services/change-endpoint.ts';
import { createSite } from '../../services/create-site.ts';
import { findEndpoint, listEndpoints } from '../../services/find-endpoint.ts';
import { listAudit } from '../../store/audit.ts';
import type { Change } from '../../store/changes.ts';
import { insertEntry } from '../../store/legacy.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const ENDPOINTS = '/api/v1/sites/1/endpoints';

/** Site 1 with endpoints 1 and 2, and site 2 with endpoint 3. */
async function twoSites(settings: object = {}) {
  const api = await startApi();
  await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/', bucket_no: 5, ...settings } });
  const { body } = await api.ask('POST', ENDPOINTS, { body: { monitor_url: 'https://a.example/login' } });
  await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://b.example/' } });
  const heard: Change[] = [];
  api.changes.subscribe((change) => heard.push(change));
  return { ...api, added: body, heard };
}

async function bringDown(api: ApiFixture, endpointId: number, checkType = 'http') {
  const endpoint = await api.endpoints.byId(EVERY_SITE, BigInt(endpointId) as EndpointId);
  if (endpoint === null) throw new Error('no endpoint');
  const { siteId } = endpoint;
  const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
  const identity = { siteId, endpointId: endpoint.endpointId, checkType, discriminator: null };
  await api.events.append(appendTo(endpoint, [open], { identity }));
}

function kinds(heard: readonly Change[]) {
  return heard.map((change) =>
    change.kind === 'site_changed' ? `${change.change} ${change.endpointIds}` : change.kind,
  );
}

describe('the endpoints of a site', () => {
  it('are added one by one, in the bucket of the site and with the defaults of the server', async () => {
    const { added, ask } = await twoSites({ check_interval: 1 });
    expect(added).toMatchObject({
      endpoint_id: 2,
      site_id: 1,
      monitor_url: 'https://a.example/login',
      bucket_no: 5,
      check_interval_seconds: 300,
      current_state: 'Unknown',
      active_events: [],
      removed_at: null,
    });
    const { body: site } = await ask('GET', '/api/v1/sites/1');
    expect(site).toMatchObject({ endpoint_count: 2, endpoints: [{ endpoint_id: 1 }, { endpoint_id: 2 }] });
  });

  it('are listed page by page, and by whether they are watched or removed', async () => {
    const { ask } = await twoSites();
    for (const path of ['a', 'b']) await ask('POST', ENDPOINTS, { body: { monitor_url: `https://a.example/${path}` } });
    await ask('DELETE', `${ENDPOINTS}/2`);
    await ask('POST', `${ENDPOINTS}/4/pause`);
    const listed = async (query: string) => {
      const { body } = await ask('GET', `${ENDPOINTS}${query}`);
      return { ids: body.data.map((each: { endpoint_id: number }) => each.endpoint_id), next: body.page.next };
    };
    const first = await listed('?limit=3');
    expect(first.ids).toEqual([1, 2, 4]);
    expect(await listed(`?limit=3&cursor=${first.next}`)).toEqual({ ids: [5], next: null });
    expect((await listed('?removed=true')).ids).toEqual([2]);
    expect((await listed('?removed=false')).ids).toEqual([1, 4, 5]);
    expect((await listed('?monitor_active=false')).ids).toEqual([2, 4]);
    expect((await ask('GET', `${ENDPOINTS}?limit=x`)).body.error.code).toBe('invalid_limit');
    expect((await ask('GET', `${ENDPOINTS}?cursor=x`)).body.error.code).toBe('invalid_cursor');
    expect((await ask('GET', `${ENDPOINTS}?state=Up`)).body.error.code).toBe('invalid_filter');
  });

  it('are shown with the site as far as they are few', async () => {
    const { ask, addEndpoint: add } = await twoSites();
    for (let count = 3; count <= 60; count += 1) await add({ siteId: 1n as SiteId });
    const { body } = await ask('GET', '/api/v1/sites/1');
    expect([body.endpoints.length, body.endpoint_count]).toEqual([50, 60]);
  });

  it('are at most 500', async () => {
    const { ask, database } = await twoSites();
    const entry = { siteId: 1n as SiteId, bucketNo: 0, active: true, intervalSeconds: 60 };
    await database.transaction(async (tx) => {
      for (let n = 3; n <= 500; n += 1) await insertEntry(tx, { ...entry, url: `https://a.example/${n}` });
    });
    const monitor_url = 'https://a.example/more';
    for (const [path, body] of [
      [ENDPOINTS, { monitor_url }],
      ['/api/v1/sites', { blog_id: 1, monitor_url }],
    ] as const) {
      const reply = await ask('POST', path, { body });
      expect([reply.status, reply.body.error.code]).toEqual([409, 'too_many_endpoints']);
    }
  });

  it('refuse a URL that one of them has, and whatever a site refuses', async () => {
    const { ask } = await twoSites();
    const refused = async (body: object) => {
      const reply = await ask('POST', ENDPOINTS, { body });
      return [reply.status, reply.body.error.code];
    };
    expect(await refused({ monitor_url: 'https://a.example/login' })).toEqual([409, 'site_exists']);
    expect(await refused({ monitor_url: 'ftp://a.example/' })).toEqual([400, 'invalid_url']);
    expect(await refused({ monitor_url: 'https://a.example/x', blog_id: 7 })).toEqual([422, 'invalid_field']);
    expect(await refused({ monitor_url: 'https://a.example/x', check_interval_seconds: 5 })).toEqual([
      422,
      'invalid_field',
    ]);
    expect((await ask('POST', ENDPOINTS, { text: '{' })).body.error.code).toBe('invalid_body');
  });
});

describe('one endpoint', () => {
  it('is changed alone: the others and the URL of the site stay', async () => {
    const { ask, heard } = await twoSites();
    const body = { monitor_url: 'https://a.example/shop', timeout_seconds: 7, check_keyword: 'welcome' };
    const changed = await ask('PATCH', `${ENDPOINTS}/2`, { body });
    expect(changed.body).toMatchObject({ endpoint_id: 2, ...body });
    expect(kinds(heard)).toEqual(['updated 2']);
    const { body: site } = await ask('GET', '/api/v1/sites/1');
    expect(site).toMatchObject({ monitor_url: 'https://a.example/', timeout_seconds: null, check_keyword: null });
    expect((await ask('PATCH', `${ENDPOINTS}/2`, { body: {} })).body).toEqual(changed.body);
    expect((await ask('PATCH', `${ENDPOINTS}/2`, { body: { monitor_url: 'https://a.example/' } })).status).toBe(409);
  });

  it('keeps its own secret headers from another origin', async () => {
    const { ask } = await twoSites();
    await ask('PATCH', `${ENDPOINTS}/2`, { body: { custom_headers: { 'x-key': 'canary' } } });
    const moved = await ask('PATCH', `${ENDPOINTS}/2`, { body: { monitor_url: 'https://evil.example/' } });
    expect([moved.status, moved.body.error.details]).toEqual([422, { field: 'custom_headers' }]);
    const other = await ask('PATCH', `${ENDPOINTS}/1`, { body: { monitor_url: 'https://c.example/' } });
    expect(other.status).toBe(200);
    expect((await ask('GET', `${ENDPOINTS}/2`)).text).not.toContain('canary');
  });

  it('closes its own events alone when it is paused, and reopens none when it is resumed', async () => {
    const api = await twoSites();
    await bringDown(api, 1);
    await bringDown(api, 2);
    const paused = await api.ask('POST', `${ENDPOINTS}/2/pause`);
    expect(paused.body).toMatchObject({ monitor_active: false, current_state: 'Paused', active_events: [] });
    const { body } = await api.ask('GET', `${ENDPOINTS}/2/events`);
    expect(body.data).toMatchObject([{ endpoint_id: 2, resolution_reason: 'manual_override' }]);
    expect((await api.ask('GET', `${ENDPOINTS}/1/events?active=true`)).body.data).toHaveLength(1);
    const resumed = await api.ask('POST', `${ENDPOINTS}/2/resume`);
    expect(resumed.body).toMatchObject({ monitor_active: true, current_state: 'Unknown' });
    expect(kinds(api.heard).filter((kind) => kind.startsWith('updated'))).toEqual(['updated 2', 'updated 2']);
  });

  it('pauses the site when it was the last that was watched', async () => {
    const api = await twoSites();
    await api.ask('POST', `${ENDPOINTS}/1/pause`);
    expect((await api.ask('GET', '/api/v1/sites/1')).body.current_state).toBe('Unknown');
    await api.ask('POST', `${ENDPOINTS}/2/pause`);
    expect((await api.ask('GET', '/api/v1/sites/1')).body.current_state).toBe('Paused');
  });

  it('stays removed when its site is paused, resumed or changed, and comes back when it is made active', async () => {
    const api = await twoSites();
    await bringDown(api, 1);
    expect((await api.ask('DELETE', `${ENDPOINTS}/1`)).status).toBe(204);
    expect((await api.ask('DELETE', `${ENDPOINTS}/1`)).status).toBe(204);
    const site = '/api/v1/sites/1';
    await api.ask('PATCH', site, { body: { monitor_active: false } });
    const resumed = await api.ask('PATCH', site, {
      body: { monitor_active: true, monitor_url: 'https://a.example/2' },
    });
    expect(resumed.body).toMatchObject({
      monitor_url: 'https://a.example/2',
      endpoint_count: 1,
      active_event_id: null,
    });
    const removed = await api.ask('GET', `${ENDPOINTS}/1`);
    expect(removed.body).toMatchObject({ monitor_active: false, monitor_url: 'https://a.example/' });
    expect(removed.body.removed_at).not.toBeNull();
    const back = await api.ask('PATCH', `${ENDPOINTS}/1`, { body: { monitor_active: true } });
    expect(back.body).toMatchObject({ monitor_active: true, removed_at: null });
  });

  it('takes its site with it when it is the last, and a site that is resumed has what it had at the end', async () => {
    const api = await twoSites();
    await api.ask('DELETE', `${ENDPOINTS}/2`);
    api.clock.move(1_000);
    await api.ask('DELETE', '/api/v1/sites/1');
    expect((await api.ask('GET', '/api/v1/sites/1')).body.removed_at).not.toBeNull();
    const { body } = await api.ask('PATCH', '/api/v1/sites/1', { body: { monitor_active: true } });
    expect(body).toMatchObject({ removed_at: null, endpoints: [{ endpoint_id: 1 }] });
    await api.ask('DELETE', `${ENDPOINTS}/1`);
    expect((await api.ask('GET', '/api/v1/sites/1')).body.removed_at).not.toBeNull();
    expect(kinds(api.heard).at(-1)).toBe('removed 1');
  });

  it('is in the trail with its URL, and without what may be secret', async () => {
    const api = await twoSites();
    await api.ask('PATCH', `${ENDPOINTS}/2`, {
      body: { custom_headers: { 'x-key': 'canary' }, monitor_active: false },
    });
    await api.ask('DELETE', `${ENDPOINTS}/2`);
    const rows = await listAudit(api.database.kysely, EVERY_SITE, {
      sinceMs: 0,
      untilMs: Number.MAX_SAFE_INTEGER,
      limit: 100,
    });
    expect(rows.slice(-2)).toMatchObject([
      {
        detail: 'https://a.example/login: endpoint paused; settings changed: headers',
        metadata: { endpoint_id: '2', changed: ['headers'] },
      },
      { detail: 'https://a.example/login: URL removed' },
    ]);
    expect(JSON.stringify(rows.map(({ detail, metadata }) => [detail, metadata]))).not.toContain('canary');
  });

  it('is not there under the id of another site, nor where there is none', async () => {
    const { ask } = await twoSites();
    for (const path of ['/api/v1/sites/2/endpoints/1', '/api/v1/sites/1/endpoints/99', '/api/v1/sites/9/endpoints/1']) {
      for (const [method, tail, body] of [
        ['GET', ''],
        ['PATCH', '', { timeout_seconds: 3 }],
        ['PATCH', '', {}],
        ['DELETE', ''],
        ['POST', '/pause'],
        ['POST', '/resume'],
        ['GET', '/events'],
      ] as const) {
        const reply = await ask(method, path + tail, body === undefined ? {} : { body });
        expect([method, tail, reply.status, reply.body.error.code]).toEqual([
          method,
          tail,
          404,
          'site_endpoint_not_found',
        ]);
      }
    }
    for (const method of ['GET', 'POST']) {
      const reply = await ask(
        method,
        '/api/v1/sites/9/endpoints',
        method === 'POST' ? { body: { monitor_url: 'https://x.example/' } } : {},
      );
      expect([reply.status, reply.body.error.code]).toEqual([404, 'site_not_found']);
    }
    expect((await ask('GET', '/api/v1/sites/1/endpoints/x')).body.error.code).toBe('invalid_endpoint_id');
    expect((await ask('GET', '/api/v1/sites/x/endpoints/1')).body.error.code).toBe('invalid_site_id');
  });

  it('is not there for another tenant', async () => {
    const api = await startApi();
    const [own, other] = (['own', 'other'] as const).map((tenantId) => ({ kind: 'tenant', tenantId }) as const);
    if (own === undefined || other === undefined) throw new Error('two tenants');
    const { siteId, first } = await createSite(api, POLICY, own, { siteId: null, url: 'https://a.example/' });
    const path = { siteId, endpointId: first.endpointId };
    const missing = { code: 'site_endpoint_not_found' };
    await expect(findEndpoint(api, other, path)).rejects.toMatchObject(missing);
    await expect(updateEndpoint(api, POLICY, other, path, { active: false })).rejects.toMatchObject(missing);
    await expect(deleteEndpoint(api, POLICY, other, path)).rejects.toMatchObject(missing);
    const none = { code: 'site_not_found' };
    await expect(addEndpoint(api, POLICY, other, { siteId, url: 'https://c.example/' })).rejects.toMatchObject(none);
    const query = { siteId, afterId: null, limit: 10, active: null, removed: null };
    await expect(listEndpoints(api, other, query)).rejects.toMatchObject(none);
    expect((await findEndpoint(api, own, path)).active).toBe(true);
    expect((await listEndpoints(api, own, query)).endpoints).toHaveLength(1);
  });
});
