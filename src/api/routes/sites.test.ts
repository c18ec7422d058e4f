import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import type { Change } from '../../store/changes.ts';

const URL_A = 'https://a.example/';

function create(api: ApiFixture, body: object) {
  return api.ask('POST', '/api/v1/sites', { body });
}

/** Opens a confirmed outage on the only endpoint of a site. */
async function bringDown(api: ApiFixture, siteId: bigint | number) {
  const [endpoint] = await api.endpoints.bySite(EVERY_SITE, BigInt(siteId) as SiteId);
  if (endpoint === undefined) throw new Error('no endpoint');
  const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
  const confirm = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
  await api.events.append(appendTo(endpoint, [open, confirm], { metadata: { summary: 'refused' } }));
  return endpoint;
}

describe('POST /api/v1/sites', () => {
  it('watches a URL with the defaults of the server', async () => {
    const api = await startApi();
    const reply = await create(api, { monitor_url: 'https://A.example' });
    expect(reply.status).toBe(201);
    expect(reply.body).toMatchObject({
      monitor_url: URL_A,
      monitor_active: true,
      check_interval: 5,
      check_interval_seconds: 300,
      timeout_seconds: null,
      current_state: 'Unknown',
      active_event_id: null,
      last_checked_at: null,
    });
    expect(reply.body.id).toBe(reply.body.blog_id);
    expect(reply.body.endpoints).toHaveLength(1);
  });

  it('keeps 64-bit ids exact from request to reply', async () => {
    const api = await startApi();
    const created = await api.ask('POST', '/api/v1/sites', {
      text: '{"blog_id":9007199254740993,"monitor_url":"https://a.example/"}',
    });
    expect(created.text).toContain('"id":9007199254740993,');
    const read = await api.ask('GET', '/api/v1/sites/9007199254740993');
    expect(read.body.id).toBe(9007199254740993n);
    expect((await api.ask('GET', '/api/v1/sites/9007199254740992')).status).toBe(404);
  });

  it('lets exact seconds win over minutes, and rounds minutes up', async () => {
    const api = await startApi();
    const both = await create(api, { monitor_url: URL_A, check_interval: 5, check_interval_seconds: 90 });
    expect(both.body).toMatchObject({ check_interval: 2, check_interval_seconds: 90 });
    const minutes = await create(api, { monitor_url: 'https://b.example/', check_interval: 10 });
    expect(minutes.body).toMatchObject({ check_interval: 10, check_interval_seconds: 600 });
  });

  it('refuses an interval below what the server allows', async () => {
    const api = await startApi();
    const reply = await create(api, { monitor_url: URL_A, check_interval_seconds: 59 });
    expect(reply.status).toBe(422);
    expect(reply.body.error).toMatchObject({ code: 'invalid_field', details: { minimum: 60 } });
    const lab = await startApi({ policy: { minIntervalSeconds: 1 } });
    expect((await create(lab, { monitor_url: URL_A, check_interval_seconds: 1 })).status).toBe(201);
  });

  it('refuses the same URL twice, naming the site that watches it', async () => {
    const api = await startApi();
    const first = await create(api, { monitor_url: URL_A });
    const again = await create(api, { monitor_url: 'https://a.EXAMPLE:443/#top' });
    expect(again.status).toBe(409);
    expect(again.body.error).toMatchObject({
      code: 'site_exists',
      details: { site_id: first.body.id, monitor_active: true },
    });
    const sameSite = await create(api, { blog_id: first.body.id, monitor_url: URL_A });
    expect(sameSite.body.error.code).toBe('site_exists');
    expect((await api.endpoints.all(EVERY_SITE)).length).toBe(1);
  });

  it('adds a further URL to a site as one more endpoint', async () => {
    const api = await startApi();
    const first = await create(api, { blog_id: 7, monitor_url: URL_A });
    const second = await create(api, { blog_id: 7, monitor_url: 'https://a.example/shop' });
    expect(second.status).toBe(201);
    expect(second.body.monitor_url).toBe(first.body.monitor_url);
    expect(second.body.endpoints.map((each: { monitor_url: string }) => each.monitor_url)).toEqual([
      URL_A,
      'https://a.example/shop',
    ]);
  });

  it('says that blog_id is required where ids are not ours to hand out', async () => {
    const api = await startApi();
    await api.database.kysely.deleteFrom('jetmon_sequences').execute();
    const reply = await create(api, { monitor_url: URL_A });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({ code: 'invalid_blog_id', details: { field: 'blog_id' } });
    expect((await create(api, { blog_id: 1, monitor_url: URL_A })).status).toBe(201);
  });

  it.each([
    [{ monitor_url: 'ftp://a.example/' }, 400, 'invalid_url'],
    [{ monitor_url: 'https://u:p@a.example/' }, 400, 'invalid_url'],
    [{ monitor_url: 17 }, 400, 'invalid_url'],
    [{}, 400, 'invalid_url'],
    [{ monitor_url: URL_A, blog_id: 0 }, 400, 'invalid_blog_id'],
    [{ monitor_url: URL_A, blog_id: -5 }, 400, 'invalid_blog_id'],
    [{ monitor_url: URL_A, blog_id: 1.5 }, 400, 'invalid_blog_id'],
    [{ monitor_url: URL_A, blog_id: '7' }, 400, 'invalid_blog_id'],
    [{ monitor_url: URL_A, bucket_no: 65_536 }, 422, 'invalid_field'],
    [{ monitor_url: URL_A, check_interval: 10_081 }, 422, 'invalid_field'],
    [{ monitor_url: URL_A, timeout_seconds: 0 }, 422, 'invalid_field'],
    [{ monitor_url: URL_A, monitor_active: 'yes' }, 422, 'invalid_field'],
    [{ monitor_url: URL_A, redirect_policy: 'never' }, 422, 'invalid_redirect_policy'],
    [{ monitor_url: URL_A, custom_headers: { '': 'x' } }, 422, 'invalid_custom_headers'],
  ])('refuses %j with %i %s and stores nothing', async (body, status, code) => {
    const api = await startApi();
    const reply = await create(api, body);
    expect([reply.status, reply.body.error.code]).toEqual([status, code]);
    expect(await api.endpoints.all(EVERY_SITE)).toEqual([]);
  });

  it('names an unknown member and the one that was probably meant', async () => {
    const api = await startApi();
    const reply = await create(api, { monitor_url: URL_A, check_intervall: 5 });
    expect(reply.status).toBe(422);
    expect(reply.body.error).toMatchObject({
      code: 'invalid_field',
      fix: 'did you mean check_interval?',
      details: { field: 'check_intervall', nearest: 'check_interval' },
    });
  });
});

describe('GET /api/v1/sites', () => {
  it('pages through all sites in order of their ids', async () => {
    const api = await startApi();
    for (const id of [30, 10, 20]) await create(api, { blog_id: id, monitor_url: `https://${id}.example/` });
    const first = await api.ask('GET', '/api/v1/sites?limit=2');
    expect(first.body.data.map((site: { id: number }) => site.id)).toEqual([10, 20]);
    const second = await api.ask('GET', `/api/v1/sites?limit=2&cursor=${first.body.page.next}`);
    expect(second.body.data.map((site: { id: number }) => site.id)).toEqual([30]);
    expect(second.body.page).toEqual({ next: null, limit: 2 });
  });

  it('filters by activity and by part of the URL, without wildcards', async () => {
    const api = await startApi();
    await create(api, { monitor_url: 'https://shop.example/a_b' });
    await create(api, { monitor_url: 'https://blog.example/', monitor_active: false });
    const found = async (query: string) => (await api.ask('GET', `/api/v1/sites?${query}`)).body.data.length;
    expect(await found('monitor_active=false')).toBe(1);
    expect(await found('monitor_active=1')).toBe(1);
    expect(await found('q=shop')).toBe(1);
    expect(await found('q=a_b')).toBe(1);
    expect(await found('q=%25')).toBe(0);
  });

  it.each([
    ['limit=0', 'invalid_limit'],
    ['limit=ten', 'invalid_limit'],
    ['limit=1&limit=2', 'invalid_limit'],
    ['cursor=nonsense', 'invalid_cursor'],
    [`cursor=${Buffer.from('{"id":-1}').toString('base64url')}`, 'invalid_cursor'],
    ['monitor_active=maybe', 'invalid_monitor_active'],
    ['removed=never', 'invalid_filter'],
    ['monitor_activ=true', 'invalid_filter'],
  ])('refuses ?%s with %s', async (query, code) => {
    const api = await startApi();
    const reply = await api.ask('GET', `/api/v1/sites?${query}`);
    expect([reply.status, reply.body.error.code]).toEqual([400, code]);
  });

  it('serves a limit above 200 as 200', async () => {
    const api = await startApi();
    expect((await api.ask('GET', '/api/v1/sites?limit=100000')).body.page.limit).toBe(200);
  });
});

describe('GET /api/v1/sites/:site_id', () => {
  it('rolls up the latest looks and the open events', async () => {
    const api = await startApi({ clock: createFakeClock(Date.UTC(2027, 0, 15, 8)) });
    const { body: site } = await create(api, { monitor_url: URL_A });
    const [endpoint] = await api.endpoints.bySite(EVERY_SITE, BigInt(site.id) as SiteId);
    if (endpoint === undefined) throw new Error('no endpoint');
    api.record(endpoint);
    const up = await api.ask('GET', `/api/v1/sites/${site.id}`);
    expect(up.body).toMatchObject({
      current_state: 'Up',
      active_events: [],
      last_checked_at: '2027-01-15T08:00:00.000Z',
      ssl_expiry_date: '2027-02-03',
    });
    expect(up.body.endpoints[0].latest).toMatchObject({ reason: 'ok', timings_ms: { ttfb: 3.5, total: 6.75 } });
    await bringDown(api, site.id);
    const down = await api.ask('GET', `/api/v1/sites/${site.id}`);
    expect(down.body).toMatchObject({ current_state: 'Down', current_severity: 4 });
    expect(down.body.active_events).toEqual([
      {
        id: down.body.active_event_id,
        check_type: 'http',
        severity: 4,
        state: 'Down',
        started_at: '1970-01-01T00:00:01.000Z',
      },
    ]);
  });

  it.each(['0', '-1', 'abc', '1.0', '9223372036854775808', '01'])('refuses the id %s', async (id) => {
    const api = await startApi();
    const reply = await api.ask('GET', `/api/v1/sites/${id}`);
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid_site_id']);
  });

  it('answers 404 for a site that does not exist', async () => {
    const api = await startApi();
    for (const [method, body] of [['GET'], ['PATCH', {}], ['PATCH', { bucket_no: 1 }], ['DELETE']] as const) {
      const reply = await api.ask(method, '/api/v1/sites/9223372036854775807', body === undefined ? {} : { body });
      expect([reply.status, reply.body.error.code]).toEqual([404, 'site_not_found']);
    }
  });
});

describe('PATCH /api/v1/sites/:site_id', () => {
  it('changes what is named and leaves the rest', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A, timeout_seconds: 7, bucket_no: 3 });
    const path = `/api/v1/sites/${site.id}`;
    const changed = await api.ask('PATCH', path, {
      body: { monitor_url: 'https://b.example', check_interval_seconds: 61 },
    });
    expect(changed.body).toMatchObject({
      monitor_url: 'https://b.example/',
      check_interval_seconds: 61,
      timeout_seconds: 7,
      bucket_no: 3,
    });
    expect((await api.ask('PATCH', path, { body: {} })).body).toEqual(changed.body);
  });

  it('clears the timeout with null, and refuses null where there is nothing to clear', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A, timeout_seconds: 7 });
    const path = `/api/v1/sites/${site.id}`;
    expect((await api.ask('PATCH', path, { body: { timeout_seconds: null } })).body.timeout_seconds).toBeNull();
    const refused = await api.ask('PATCH', path, { body: { check_interval: null } });
    expect([refused.status, refused.body.error.code]).toEqual([422, 'invalid_field']);
  });

  it('pauses: open events are closed by hand with the row, and nothing reopens on resume', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A });
    const path = `/api/v1/sites/${site.id}`;
    const endpoint = await bringDown(api, site.id);
    const heard: Change[] = [];
    api.changes.subscribe((change) => heard.push(change));
    const paused = await api.ask('PATCH', path, { body: { monitor_active: false } });
    expect(paused.body).toMatchObject({ monitor_active: false, current_state: 'Paused', active_event_id: null });
    expect(heard.map((change) => change.kind)).toEqual(['committed', 'site_state', 'site_changed']);
    const events = await api.ask('GET', `${path}/events`);
    expect(events.body.data[0]).toMatchObject({ resolution_reason: 'manual_override', state: 'Down' });
    expect((await api.endpoints.byId(EVERY_SITE, endpoint.endpointId))?.legacyStatus).toBe(1);
    const resumed = await api.ask('PATCH', path, { body: { monitor_active: true } });
    expect(resumed.body).toMatchObject({ monitor_active: true, current_state: 'Unknown' });
    expect((await api.ask('GET', `${path}/events?active=true`)).body.data).toEqual([]);
  });

  it('pauses with the legacy status back at running only where that status is projected', async () => {
    for (const [projectStatus, status] of [
      [true, 1],
      [false, 2],
    ] as const) {
      const api = await startApi({ policy: { projectStatus } });
      const { body: site } = await create(api, { monitor_url: URL_A });
      const { endpointId } = await bringDown(api, site.id);
      expect((await api.endpoints.byId(EVERY_SITE, endpointId))?.legacyStatus).toBe(2);
      await api.ask('PATCH', `/api/v1/sites/${site.id}`, { body: { monitor_active: false } });
      expect(await api.endpoints.byId(EVERY_SITE, endpointId)).toMatchObject({ active: false, legacyStatus: status });
    }
  });

  it('stamps the change of status when it pauses, once, and not when it resumes', async () => {
    const fake = createFakeClock();
    const api = await startApi({ clock: fake });
    const { body: site } = await create(api, { monitor_url: URL_A });
    expect(site.last_status_change_at).toBeNull();
    const changedAt: string[] = [];
    for (const monitor_active of [false, false, true, false]) {
      fake.advance(60_000);
      const { body } = await api.ask('PATCH', `/api/v1/sites/${site.id}`, { body: { monitor_active } });
      changedAt.push(body.last_status_change_at.slice(11, 19));
    }
    expect(changedAt).toEqual(['08:01:00', '08:01:00', '08:01:00', '08:04:00']);
    const { body: after } = await api.ask('GET', `/api/v1/sites/${site.id}/events`);
    expect(after.data).toEqual([]);
  });

  it('refuses a URL that another endpoint of the site has', async () => {
    const api = await startApi();
    await create(api, { blog_id: 7, monitor_url: URL_A });
    await create(api, { blog_id: 7, monitor_url: 'https://b.example/' });
    const reply = await api.ask('PATCH', '/api/v1/sites/7', {
      body: { monitor_url: 'https://b.example/', bucket_no: 9 },
    });
    expect([reply.status, reply.body.error.code]).toEqual([409, 'site_exists']);
    expect((await api.endpoints.all(EVERY_SITE)).map((endpoint) => endpoint.bucketNo)).toEqual([0, 0]);
    const own = await api.ask('PATCH', '/api/v1/sites/7', { body: { monitor_url: URL_A } });
    expect(own.status).toBe(200);
  });

  it('looks at the input before it looks for the site', async () => {
    const api = await startApi();
    expect((await api.ask('PATCH', '/api/v1/sites/5', { body: { monitor_url: 'x' } })).status).toBe(400);
    expect((await api.ask('PATCH', '/api/v1/sites/5', { body: { check_interval_seconds: 5 } })).status).toBe(422);
  });
});

describe('DELETE /api/v1/sites/:site_id', () => {
  it('closes what is open, keeps the history, and may be repeated', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A });
    const path = `/api/v1/sites/${site.id}`;
    await bringDown(api, site.id);
    const removed = await api.ask('DELETE', path);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await api.ask('DELETE', path)).status).toBe(204);
    const after = await api.ask('GET', path);
    expect(after.body).toMatchObject({ monitor_active: false, active_events: [] });
    const events = await api.ask('GET', `${path}/events`);
    expect(events.body.data[0]).toMatchObject({ resolution_reason: 'manual_override', transition_count: 3 });
  });

  it('leaves a site that is listed as removed, until it is made active again', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A });
    await create(api, { monitor_url: 'https://b.example/', monitor_active: false });
    const path = `/api/v1/sites/${site.id}`;
    const listed = async (query: string) =>
      (await api.ask('GET', `/api/v1/sites${query}`)).body.data.map((each: { id: number }) => each.id);
    expect(site.removed_at).toBeNull();
    await api.ask('DELETE', path);
    expect((await api.ask('GET', path)).body.removed_at).toMatch(/^\d{4}-.*\.\d{3}Z$/);
    expect(await listed('')).toEqual([1, 2]);
    expect(await listed('?removed=false')).toEqual([2]);
    expect(await listed('?removed=1')).toEqual([1]);
    expect(await listed('?removed=0&monitor_active=true')).toEqual([]);
    const back = await api.ask('PATCH', path, { body: { monitor_active: true } });
    expect(back.body).toMatchObject({ monitor_active: true, removed_at: null });
    expect(await listed('?removed=false')).toEqual([1, 2]);
  });

  it('lets the refusal of the same URL say what has become of its site', async () => {
    const api = await startApi();
    const { body: site } = await create(api, { monitor_url: URL_A });
    const path = `/api/v1/sites/${site.id}`;
    const refusal = async () => (await create(api, { monitor_url: URL_A })).body.error;
    expect((await refusal()).details).toEqual({ site_id: site.id, monitor_active: true, removed: false });
    await api.ask('PATCH', path, { body: { monitor_active: false } });
    const paused = await refusal();
    expect(paused.message).toBe('https://a.example/ is already watched as site 1 (paused)');
    expect(paused.details).toEqual({ site_id: site.id, monitor_active: false, removed: false });
    await api.ask('DELETE', path);
    const removed = await refusal();
    expect(removed.message).toBe('https://a.example/ is already watched as site 1 (removed)');
    expect(removed.details).toEqual({ site_id: site.id, monitor_active: false, removed: true });
  });
});
