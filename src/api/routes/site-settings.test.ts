import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createLog } from '../../telemetry/log.ts';

const URL_A = 'https://a.example/';
const CANARY = 'canary-91be';

const DEFAULTS = {
  request_method: null,
  detection_profile: null,
  redirect_policy: 'follow',
  expected_status: null,
  check_keyword: null,
  forbidden_keyword: null,
  forbidden_keywords: [],
  custom_header_names: [],
  http2: false,
  timeout_seconds: null,
};

const WANTED = {
  request_method: 'GET',
  detection_profile: 'full',
  redirect_policy: 'alert',
  expected_status: '200 - 299, 401',
  check_keyword: 'Welcome \u{1F600}',
  forbidden_keyword: 'Fatal',
  forbidden_keywords: ['Error', 'Warning'],
  custom_headers: { 'X-Token': CANARY, 'Accept-Language': 'de' },
  http2: true,
  timeout_seconds: 7,
};

const { custom_headers: _, ...WITHOUT_SECRETS } = WANTED;
const SHOWN = {
  ...WITHOUT_SECRETS,
  expected_status: '200-299,401',
  custom_header_names: ['X-Token', 'Accept-Language'],
};

const create = (api: ApiFixture, body: object) => api.ask('POST', '/api/v1/sites', { body });
const change = (api: ApiFixture, body: object) => api.ask('PATCH', '/api/v1/sites/1', { body });
const endpoints = (api: ApiFixture) => api.endpoints.bySite(EVERY_SITE, 1n as SiteId);

describe('how a site is probed', () => {
  it('is left to the server where nobody says anything', async () => {
    const api = await startApi();
    expect((await create(api, { monitor_url: URL_A })).body).toMatchObject(DEFAULTS);
  });

  it('is created, read, listed and changed', async () => {
    const api = await startApi();
    const created = await create(api, { monitor_url: URL_A, ...WANTED });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject(SHOWN);
    expect((await api.ask('GET', '/api/v1/sites/1')).body).toMatchObject(SHOWN);
    expect((await api.ask('GET', '/api/v1/sites')).body.data).toMatchObject([SHOWN]);
    const [endpoint] = await endpoints(api);
    expect(endpoint?.plan.headers).toEqual(Object.entries(WANTED.custom_headers));

    await create(api, { monitor_url: 'https://b.example/' });
    const patched = await api.ask('PATCH', '/api/v1/sites/2', { body: WANTED });
    expect([patched.status, patched.body]).toMatchObject([200, SHOWN]);
  });

  it.each(Object.keys(DEFAULTS))('changes in %s alone when that alone is named', async (member) => {
    const api = await startApi();
    const before = (await create(api, { monitor_url: URL_A, ...WANTED })).body;
    const cleared = member === 'custom_header_names' ? { custom_headers: null } : { [member]: pick(DEFAULTS, member) };
    const after = await change(api, cleared);
    expect(after.status).toBe(200);
    expect(after.body).toEqual({ ...before, [member]: pick(DEFAULTS, member) });
    const again = member === 'custom_header_names' ? 'custom_headers' : member;
    expect((await change(api, { [again]: pick(WANTED, again) })).body).toEqual(before);
  });

  it.each([{ custom_headers: null }, { custom_headers: {} }])(
    'loses all headers with %j, and another map takes the place of the first',
    async (cleared) => {
      const api = await startApi();
      await create(api, { monitor_url: URL_A, ...WANTED });
      const changed = await change(api, { custom_headers: { Cookie: `a=${CANARY}` } });
      expect(changed.body.custom_header_names).toEqual(['Cookie']);
      expect((await change(api, { timeout_seconds: 9 })).body.custom_header_names).toEqual(['Cookie']);
      expect((await change(api, cleared)).body.custom_header_names).toEqual([]);
      expect((await endpoints(api))[0]?.plan.headers).toEqual([]);
    },
  );

  it('takes empty texts for none', async () => {
    const api = await startApi();
    await create(api, { monitor_url: URL_A, ...WANTED });
    const empty = { check_keyword: '', forbidden_keyword: '', expected_status: '', forbidden_keywords: ['', 'x'] };
    expect((await change(api, empty)).body).toMatchObject({
      check_keyword: null,
      forbidden_keyword: null,
      expected_status: null,
      forbidden_keywords: ['x'],
    });
  });

  it('is of each endpoint on creation, and of all of them on change', async () => {
    const api = await startApi();
    await create(api, { blog_id: 1, monitor_url: URL_A, check_keyword: 'one' });
    await create(api, { blog_id: 1, monitor_url: 'https://a.example/shop', check_keyword: 'two' });
    const keywords = async () => (await endpoints(api)).map(({ plan }) => plan.keyword);
    expect(await keywords()).toEqual(['one', 'two']);
    await change(api, { http2: true });
    expect(await keywords()).toEqual(['one', 'two']);
    await change(api, { check_keyword: 'both' });
    expect(await keywords()).toEqual(['both', 'both']);
  });

  it('tells the engine of the change, and nobody when nothing is named', async () => {
    const api = await startApi();
    await create(api, { monitor_url: URL_A });
    const heard: string[] = [];
    api.changes.subscribe((news) => heard.push(news.kind));
    await change(api, {});
    expect(heard).toEqual([]);
    await change(api, { check_keyword: 'Welcome' });
    expect(heard).toEqual(['site_changed']);
  });
});

describe('settings that do not fit', () => {
  it.each([
    [{ request_method: 'POST' }, 'member request_method: "POST" is not one of HEAD, GET'],
    [{ detection_profile: 'deep' }, 'member detection_profile: "deep" is not one of legacy, simple_http, full'],
    [{ redirect_policy: 'never' }, 'member redirect_policy: "never" is not one of follow, alert, fail'],
    [{ expected_status: '2xx' }, 'member expected_status: "2xx" is not valid: write statuses such as 200-299,401'],
    [{ check_keyword: 'x'.repeat(501) }, 'member check_keyword: it is longer than 500'],
    [{ forbidden_keyword: 3 }, 'member forbidden_keyword: 3 is not a text'],
    [{ forbidden_keywords: 'x' }, 'member forbidden_keywords: "x" is not a list'],
    [{ forbidden_keywords: ['x', 4] }, 'member forbidden_keywords.1: 4 is not a text'],
    [
      { forbidden_keywords: Array.from({ length: 21 }, String) },
      'member forbidden_keywords: it holds more than 20 entries',
    ],
    [{ http2: 1 }, 'member http2: 1 is not true or false'],
    [{ timeout_seconds: 256 }, 'member timeout_seconds: 256 is more than 255'],
    [{ custom_header_names: ['X-A'] }, 'there is no member "custom_header_names" here'],
  ])('are refused by name, on creation and on change (case %#)', async (settings, message) => {
    const api = await startApi();
    const created = await create(api, { monitor_url: URL_A, ...settings });
    const code = 'redirect_policy' in settings ? 'invalid_redirect_policy' : 'invalid_field';
    expect([created.status, created.body.error.code, created.body.error.message]).toEqual([422, code, message]);
    const changed = await change(api, settings);
    expect(changed.body.error.message).toBe(message);
    expect(await api.endpoints.all(EVERY_SITE)).toEqual([]);
  });

  it.each([
    { custom_headers: CANARY },
    { custom_headers: [CANARY] },
    { custom_headers: { 'X-Token': [CANARY] } },
    { custom_headers: { 'X-Token': `${CANARY}\r\nHost: elsewhere.example` } },
    { custom_headers: { Host: CANARY } },
    { custom_headers: { '': CANARY } },
    { custom_headers: { 'X-Token': CANARY.repeat(1_000) } },
    { custom_headers: Object.fromEntries(Array.from({ length: 21 }, (_each, n) => [`X-${n}`, CANARY])) },
  ])('do not give a secret away in their refusal (case %#)', async (settings) => {
    const api = await startApi();
    const refused = await create(api, { monitor_url: URL_A, ...settings });
    expect([refused.status, refused.body.error.code]).toEqual([422, 'invalid_custom_headers']);
    expect(refused.body.error.details).toEqual({ field: 'custom_headers' });
    expect(refused.text).not.toContain(CANARY);
  });
});

describe('the value of a custom header', () => {
  it('does not go to another origin by a change of the URL alone', async () => {
    const api = await startApi();
    await create(api, { monitor_url: URL_A, custom_headers: { 'X-Token': CANARY } });
    for (const monitor_url of ['https://b.example/', 'http://a.example/', 'https://a.example:8443/']) {
      const refused = await change(api, { monitor_url, check_keyword: 'x' });
      expect([refused.status, refused.body.error.details]).toEqual([422, { field: 'custom_headers' }]);
    }
    expect(await endpoints(api)).toMatchObject([{ url: URL_A, plan: { keyword: null } }]);
    expect((await change(api, { monitor_url: 'https://a.example/shop' })).status).toBe(200);
    const moved = await change(api, { monitor_url: 'https://b.example/', custom_headers: { 'X-Token': 'another' } });
    expect(moved.status).toBe(200);
    const without = await change(api, { monitor_url: 'https://c.example/', custom_headers: {} });
    expect(without.body).toMatchObject({ monitor_url: 'https://c.example/', custom_header_names: [] });
    expect((await change(api, { monitor_url: URL_A })).status).toBe(200);
  });

  it('is in no reply, no event, no message of the stream and no line of the log', async () => {
    const said: string[] = [];
    const log = createLog({ level: 'debug', format: 'json', out: sink(said) });
    const api = await startApi({ log });
    const stream = await followed(api);
    const replies = [await create(api, { monitor_url: URL_A, ...WANTED })];
    const [endpoint] = await endpoints(api);
    if (endpoint === undefined) throw new Error('no endpoint');
    api.record(endpoint, 'Seems Down');
    const outage = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await api.events.append(appendTo(endpoint, [outage], { metadata: { url: endpoint.url } }));
    replies.push(await create(api, { monitor_url: URL_A, ...WANTED }));
    replies.push(await change(api, WANTED), await change(api, { monitor_url: 'https://b.example/', ...WANTED }));
    for (const path of ['/sites', '/sites/1', '/sites?q=a', '/events', '/sites/1/events', '/events/1']) {
      replies.push(await api.ask('GET', `/api/v1${path}`));
    }
    // They come from different places, in either order.
    const names = () => new Set(stream.text().match(/(?<=^event: )\w+/gm));
    await vi.waitFor(() => expect(names()).toEqual(new Set(['site', 'checked', 'transition'])), { timeout: 10_000 });
    // A failure of our own is the one thing of a request that is logged.
    await api.database.close();
    replies.push(await create(api, { monitor_url: 'https://c.example/', ...WANTED }), await change(api, WANTED));
    expect(replies.map(({ status }) => status)).toEqual([201, 409, 200, 200, 200, 200, 200, 200, 200, 200, 500, 500]);
    expect(said.length).toBeGreaterThan(0);
    const everything = [...replies.map(({ text }) => text), ...said, stream.text()].join('\n');
    expect(everything).toContain('X-Token');
    expect(everything).not.toContain(CANARY);
  });
});

/** What the stream says, as it says it. */
async function followed(api: ApiFixture): Promise<{ text(): string }> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const headers = { authorization: `Bearer ${LOCAL_KEY}` };
  const { body } = await fetch(`${api.address}/api/v1/stream`, { headers, signal: stop.signal });
  let text = '';
  const take = new WritableStream<string>({
    write(part) {
      text += part;
    },
  });
  void body
    ?.pipeThrough(new TextDecoderStream())
    .pipeTo(take)
    .catch(() => {});
  return { text: () => text };
}

function sink(lines: string[]): Writable {
  return new Writable({
    write(line, _encoding, done) {
      lines.push(String(line));
      done();
    },
  });
}

function pick(settings: object, member: string): unknown {
  return Object.entries(settings).find(([name]) => name === member)?.[1];
}
