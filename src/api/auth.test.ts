import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import type { ScopeWord } from '../domain/grants.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';

const ME = '/api/v1/me';
const NEW_SITE = { monitor_url: 'https://a.example/' };

function keyOf(
  api: ApiFixture,
  scope: ScopeWord | ScopeWord[],
  more: { ttlMs?: number; rateLimitPerMinute?: number } = {},
) {
  return api.apiKeys.create({ consumerName: 'test', scope, ...more });
}

/** With headers that fetch does not let anyone set, such as Host. */
function askRaw(api: ApiFixture, method: string, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; cookie: string | null; text: string }>((resolve, reject) => {
    const { port } = new URL(api.address);
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const cookie = response.headers['set-cookie']?.[0] ?? null;
      response.on('end', () => resolve({ status: response.statusCode ?? 0, cookie, text }));
    });
    sent.on('error', reject).end(method === 'POST' ? JSON.stringify(NEW_SITE) : undefined);
  });
}

describe('bearer keys', () => {
  it('identify their consumer', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, 'read', { ttlMs: 60_000 });
    const reply = await api.ask('GET', ME, { token });
    expect(reply.body).toMatchObject({ consumer_name: 'test', scope: 'read', rate_limit_per_minute: 60 });
    expect(reply.body.expires_at).toMatch(/^\d{4}-.*\.\d{3}Z$/);
    expect((await api.apiKeys.list())[0]?.lastUsedAtMs).not.toBeNull();
  });

  it.each([
    [undefined, 'missing_token'],
    ['Bearer', 'missing_token'],
    ['Bearer  ', 'missing_token'],
    ['Basic abc', 'missing_token'],
    ['Bearerjm_ABCDEFGHIJKL', 'missing_token'],
    ['bearer jm_ABCDEFGHIJKL', 'invalid_token'],
    ['Bearer short', 'invalid_token'],
    ['Bearer jm_SHORT', 'invalid_token'],
    [`Bearer jm_${'A'.repeat(52)}`, 'invalid_token'],
    [`Bearer ${LOCAL_KEY}X`, 'invalid_token'],
    [`Bearer jm_${'A'.repeat(5000)}`, 'invalid_token'],
  ])('are refused as %j with %s', async (authorization, code) => {
    const api = await startApi();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const reply = await api.ask('GET', ME, { token: null, headers });
    expect([reply.status, reply.body.error.code]).toEqual([401, code]);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['Bearer', 'bearer', 'BEARER  '])(
    'are taken under the scheme %j, whose case says nothing',
    async (scheme) => {
      const api = await startApi();
      const { token } = await keyOf(api, 'read');
      const headers = { authorization: `${scheme} ${token}` };
      expect((await api.ask('GET', ME, { token: null, headers })).status).toBe(200);
    },
  );

  it('are refused from the instant of their expiry on', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, 'read', { ttlMs: 60_000 });
    expect((await api.ask('GET', ME, { token })).status).toBe(200);
    api.clock.move(60_000);
    expect((await api.ask('GET', ME, { token })).body.error.code).toBe('token_expired');
  });

  it('are refused within a second of being revoked by another process', async () => {
    const api = await startApi();
    const { token, key } = await keyOf(api, 'read', { rateLimitPerMinute: 1_000 });
    expect((await api.ask('GET', ME, { token })).status).toBe(200);
    await api.apiKeys.revoke(key.keyId);
    api.clock.move(1_000);
    expect((await api.ask('GET', ME, { token })).body.error.code).toBe('token_revoked');
  });

  it('are looked up once for many requests, and noted as used once', async () => {
    // What is remembered is so for less than a second, which a busy machine takes for less.
    const api = await startApi({ clock: createFakeClock(Date.UTC(2026, 0, 1)) });
    const { token } = await keyOf(api, 'read', { rateLimitPerMinute: 1_000 });
    let lookUps = 0;
    let notes = 0;
    const { findByHash, touch } = api.apiKeys;
    api.apiKeys.findByHash = (hash) => {
      lookUps += 1;
      return findByHash(hash);
    };
    api.apiKeys.touch = (key) => {
      notes += 1;
      return touch(key);
    };
    await Promise.all(Array.from({ length: 20 }, () => api.ask('GET', ME, { token })));
    await api.ask('GET', ME, { token });
    expect([lookUps, notes]).toEqual([1, 1]);
  });

  it('that were not there are known as soon as they are', async () => {
    const api = await startApi();
    const token = `jm_${'E'.repeat(52)}`;
    expect((await api.ask('GET', ME, { token })).status).toBe(401);
    const { key } = await keyOf(api, 'read');
    const hash = createHash('sha256').update(token).digest('hex');
    await api.database.kysely
      .updateTable('jetmon_api_keys')
      .set({ key_hash: hash })
      .where('id', '=', key.keyId)
      .execute();
    expect((await api.ask('GET', ME, { token })).status).toBe(200);
  });

  it('are refused as soon as they are revoked, and revocation is named first', async () => {
    const api = await startApi();
    const { token, key } = await keyOf(api, 'read', { ttlMs: 1 });
    await api.apiKeys.revoke(key.keyId);
    api.clock.move(1_000);
    expect((await api.ask('GET', ME, { token })).body.error.code).toBe('token_revoked');
  });

  it.each([
    ['read', 'GET', 200],
    ['read', 'POST', 403],
    ['write', 'GET', 200],
    ['write', 'POST', 201],
    ['admin', 'POST', 201],
  ] as const)('of scope %s get %s answered with %i', async (scope, method, status) => {
    const api = await startApi();
    const { token } = await keyOf(api, scope);
    const reply = await api.ask(method, '/api/v1/sites', method === 'POST' ? { token, body: NEW_SITE } : { token });
    expect(reply.status).toBe(status);
    if (status === 403) {
      expect(reply.body.error).toMatchObject({
        code: 'insufficient_scope',
        details: { required: 'write', required_granular: ['sites:write'], held: 'read' },
      });
    }
  });

  it('are looked at before the path and the body', async () => {
    const api = await startApi();
    const reply = await api.ask('PATCH', '/api/v1/sites/none', { token: null, text: '{' });
    expect(reply.body.error.code).toBe('missing_token');
  });

  it('are limited per minute, with headers that say so', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, 'read', { rateLimitPerMinute: 2 });
    const first = await api.ask('GET', ME, { token });
    expect(first.headers.get('x-ratelimit-limit')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    await api.ask('GET', ME, { token });
    const third = await api.ask('GET', ME, { token });
    expect([third.status, third.body.error.code]).toEqual([429, 'rate_limited']);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(30);
    expect(third.body.error.fix).toMatch(/^wait (30|2\d) s,/);
    api.clock.move(30_000);
    expect((await api.ask('GET', ME, { token })).status).toBe(200);
  });

  it('are limited in what they are refused, too, whatever it is refused for', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, 'read', { rateLimitPerMinute: 2 });
    const tooMuch = () => api.ask('DELETE', '/api/v1/sites/1', { token });
    const asGateway = () => api.ask('GET', ME, { token, headers: { 'x-jetmon-tenant-id': 'acme' } });
    const [first, second] = [await tooMuch(), await asGateway()];
    expect([first.status, second.status]).toEqual([403, 403]);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    for (const ask of [tooMuch, asGateway, () => api.ask('GET', ME, { token })]) {
      const reply = await ask();
      expect([reply.status, reply.body.error.code]).toEqual([429, 'rate_limited']);
    }
    api.clock.move(30_000);
    expect((await tooMuch()).status).toBe(403);
  });
});

describe('keys of granular scopes', () => {
  it('may do what their words say, and are told what was needed and what they have', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, ['sites:read', 'stats:read']);
    expect((await api.ask('GET', '/api/v1/sites', { token })).status).toBe(200);
    const refused = await api.ask('GET', '/api/v1/events', { token });
    expect([refused.status, refused.body.error]).toMatchObject([
      403,
      {
        code: 'insufficient_scope',
        message: 'this needs a key of scope read, or of events:read; the key has scope sites:read stats:read',
        details: { required: 'read', required_granular: ['events:read'], held: 'sites:read stats:read' },
      },
    ]);
    const written = await api.ask('POST', '/api/v1/sites', { token, body: NEW_SITE });
    expect(written.body.error.details.required_granular).toEqual(['sites:write']);
    const me = await api.ask('GET', ME, { token });
    expect(me.body).toMatchObject({ scope: null, scopes: ['sites:read', 'stats:read'] });
  });

  it('follow the stream when they may see both sites and events', async () => {
    const api = await startApi();
    const { token } = await keyOf(api, 'events:read');
    const refused = await api.ask('HEAD', '/api/v1/stream', { token });
    const { token: both } = await keyOf(api, ['events:read', 'sites:write']);
    const taken = await api.ask('HEAD', '/api/v1/stream', { token: both });
    expect([refused.status, taken.status]).toEqual([403, 200]);
  });

  it('grant nothing with words that this program does not know', async () => {
    const api = await startApi();
    const { token, key } = await keyOf(api, 'read');
    await api.database.kysely
      .updateTable('jetmon_api_keys')
      .set({ scope: 'everything' })
      .where('id', '=', key.keyId)
      .execute();
    const refused = await api.ask('GET', '/api/v1/sites', { token });
    expect([refused.status, refused.body.error.details.held]).toEqual([403, 'none']);
    expect((await api.ask('GET', ME, { token })).body).toMatchObject({ scope: null, scopes: [] });
  });
});

describe('the local key', () => {
  it('is an admin without a limit', async () => {
    const api = await startApi();
    const reply = await api.ask('GET', ME);
    expect(reply.body).toEqual({
      consumer_name: 'local',
      scope: 'admin',
      scopes: ['admin'],
      is_gateway: false,
      tenant_id: null,
      rate_limit_per_minute: null,
      expires_at: null,
    });
    expect(reply.headers.get('x-ratelimit-limit')).toBeNull();
  });

  it('is worth nothing where there is none', async () => {
    const api = await startApi({ localKey: null });
    expect((await api.ask('GET', ME)).body.error.code).toBe('invalid_token');
  });
});

describe('guessing', () => {
  it('is slowed down after ten refused keys, and does not keep valid keys out', async () => {
    const api = await startApi();
    const guess = () => api.ask('GET', ME, { token: `jm_${'B'.repeat(52)}` });
    for (let n = 0; n < 10; n += 1) expect((await guess()).status).toBe(401);
    const reply = await guess();
    expect([reply.status, reply.body.error.code]).toEqual([429, 'rate_limited']);
    expect(Number(reply.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await api.ask('GET', ME)).status).toBe(200);
    expect((await api.ask('GET', ME, { token: null })).status).toBe(401);
    api.clock.move(60_000);
    expect((await guess()).status).toBe(401);
  });
});

describe("the page's session", () => {
  /** The cookie that `/` hands out, and the Host it was asked with. */
  async function session(options: Parameters<typeof startApi>[0] = {}) {
    const api = await startApi({ page: '/nonexistent', ...options });
    const host = `localhost:${new URL(api.address).port}`;
    const { cookie } = await askRaw(api, 'GET', '/', { host });
    return { api, host, setCookie: cookie, cookie: cookie?.split(';')[0] ?? '' };
  }

  it('is handed out on loopback, out of reach of scripts and other sites', async () => {
    const { setCookie } = await session();
    expect(setCookie).toMatch(/^jetmon_session=\d+\.[0-9a-f]{64}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  });

  it('is honoured on GET, and on changes from the same origin', async () => {
    const { api, host, cookie } = await session();
    const origin = `http://${host}`;
    expect((await askRaw(api, 'GET', ME, { host, cookie: `other=1; ${cookie}` })).status).toBe(200);
    expect((await askRaw(api, 'GET', ME, { host, cookie, 'sec-fetch-site': 'none' })).status).toBe(200);
    expect((await askRaw(api, 'POST', '/api/v1/sites', { host, cookie, origin })).status).toBe(201);
    expect((await askRaw(api, 'POST', '/api/v1/sites', { host, cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(
      409,
    );
  });

  it.each([
    ['a Host that is not ours', { host: 'evil.example' }],
    ['a Host that only begins like ours', { host: 'localhost.evil.example' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: 'http://localhost:1' }],
    ['https', { origin: 'https://localhost' }],
    ['an opaque origin', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling host', { 'sec-fetch-site': 'same-site' }],
    ['a proxy', { 'x-forwarded-for': '203.0.113.7' }],
    ['a broken signature', { cookie: `jetmon_session=99999999999999.${'0'.repeat(64)}` }],
    ['no cookie', { cookie: '' }],
  ])('is refused with %s', async (_, headers) => {
    const { api, host, cookie } = await session();
    const reply = await askRaw(api, 'GET', ME, { host, cookie, ...headers });
    expect(reply.status).toBe(401);
    expect(reply.text).toContain('missing_token');
  });

  it('does not change anything without proof of the same origin', async () => {
    const { api, host, cookie } = await session();
    expect((await askRaw(api, 'POST', '/api/v1/sites', { host, cookie })).status).toBe(401);
    expect((await askRaw(api, 'POST', '/api/v1/sites', { host, cookie, 'sec-fetch-site': 'none' })).status).toBe(401);
    expect(await api.endpoints.all(EVERY_SITE)).toEqual([]);
  });

  it('ends', async () => {
    const { api, host, cookie } = await session();
    api.clock.move(8 * 24 * 60 * 60_000);
    expect((await askRaw(api, 'GET', ME, { host, cookie })).status).toBe(401);
  });

  it('is of one local key only', async () => {
    const { cookie } = await session();
    const other = await startApi({ localKey: `jm_${'C'.repeat(52)}` });
    expect((await askRaw(other, 'GET', ME, { host: 'localhost', cookie })).status).toBe(401);
  });

  it('is neither handed out nor honoured where other machines can reach us', async () => {
    const { cookie } = await session();
    const { api, setCookie } = await session({ host: '0.0.0.0' });
    expect(setCookie).toBeNull();
    expect((await askRaw(api, 'GET', ME, { host: 'localhost', cookie })).status).toBe(401);
  });

  it('is not handed out to a Host that is not ours', async () => {
    const { api } = await session();
    expect((await askRaw(api, 'GET', '/', { host: 'evil.example' })).cookie).toBeNull();
  });

  it('does not stand in for a bearer key that is wrong', async () => {
    const { api, host, cookie } = await session();
    const reply = await askRaw(api, 'GET', ME, { host, cookie, authorization: `Bearer jm_${'D'.repeat(52)}` });
    expect(reply.status).toBe(401);
  });
});
