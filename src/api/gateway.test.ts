import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../test/kit/api.ts';
import type { ScopeWord } from '../domain/grants.ts';

const SITES = '/api/v1/sites';
const ME = '/api/v1/me';
const CONTEXT = {
  'x-jetmon-tenant-id': 'acme',
  'x-jetmon-public-scopes': 'sites:read sites:write events:read',
  'x-jetmon-gateway-request-id': 'req-1',
};

async function gateway(options: Parameters<typeof startApi>[0] = {}, scope: ScopeWord | ScopeWord[] = 'write') {
  const api = await startApi(options);
  const { token } = await api.apiKeys.create({
    consumerName: 'edge',
    scope,
    isGateway: true,
    rateLimitPerMinute: 1_000,
  });
  const as = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
    api.ask(method, path, { token, headers, ...(body === undefined ? {} : { body }) });
  return { api, token, as };
}

/** With a header that is sent twice, which fetch joins by itself. */
function askTwice(api: ApiFixture, token: string, name: string, values: string[]) {
  return new Promise<number>((resolve, reject) => {
    const { port } = new URL(api.address);
    const headers = { ...CONTEXT, authorization: `Bearer ${token}`, [name]: values };
    const sent = request({ host: '127.0.0.1', port, path: SITES, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });
}

describe('the headers of a gateway', () => {
  it.each(Object.keys(CONTEXT).concat('x-jetmon-actor-id', 'x-jetmon-plan'))(
    'are refused from everyone else: %s',
    async (name) => {
      const api = await startApi();
      const { token } = await api.apiKeys.create({ consumerName: 'gateway', scope: 'admin' });
      const bound = await api.apiKeys.create({ consumerName: 'bound', scope: 'admin', tenantId: 'acme' });
      for (const ask of [{ token }, { token: bound.token }, {}]) {
        for (const path of [SITES, ME]) {
          const reply = await api.ask('GET', path, { ...ask, headers: { [name]: 'acme' } });
          expect([reply.status, reply.body.error.code]).toEqual([403, 'forbidden_gateway_context']);
          expect(reply.body.error.details).toEqual({ header: name });
        }
      }
    },
  );

  it.each(Object.keys(CONTEXT))('are all needed: without %s a gateway sees nothing', async (missing) => {
    const { as } = await gateway();
    const { [missing as keyof typeof CONTEXT]: _, ...others } = CONTEXT;
    for (const headers of [others, { ...others, [missing]: ' ' }]) {
      const reply = await as('GET', SITES, headers);
      expect([reply.status, reply.body.error.code]).toEqual([403, 'forbidden_gateway_context']);
      expect(reply.body.error.details).toEqual({ missing: [missing] });
    }
  });

  it('are not asked of a gateway that wants to know whether we live and who it is', async () => {
    const { as } = await gateway();
    expect((await as('GET', '/api/v1/health')).status).toBe(200);
    expect((await as('GET', ME)).body).toMatchObject({ is_gateway: true, tenant_id: null, scopes: ['write'] });
    for (const path of [SITES, '/api/v1/events', '/api/v1/stream', '/api/v1/status', '/api/v1/prober']) {
      expect((await as('GET', path)).body.error.code).toBe('forbidden_gateway_context');
    }
  });

  it.each([
    ['x-jetmon-tenant-id', 'a b'],
    ['x-jetmon-tenant-id', 'a,b'],
    ['x-jetmon-tenant-id', 'ä'],
    ['x-jetmon-tenant-id', 'a'.repeat(65)],
    ['x-jetmon-tenant-id', "a' or 1=1"],
    ['x-jetmon-public-scopes', 'sites:read,events:read'],
    ['x-jetmon-public-scopes', 'a '.repeat(65)],
    ['x-jetmon-gateway-request-id', 'two words'],
    ['x-jetmon-actor-id', 'a,b'],
    ['x-jetmon-plan', 'a'.repeat(129)],
  ])('are refused when malformed: %s: %s', async (name, value) => {
    const { as } = await gateway();
    const reply = await as('GET', SITES, { ...CONTEXT, [name]: value });
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid_gateway_context']);
    expect(reply.body.error.details).toEqual({ header: name });
  });

  it.each(Object.keys(CONTEXT).concat('x-jetmon-actor-id', 'x-jetmon-plan'))(
    'are refused when sent twice: %s',
    async (name) => {
      const { api, token } = await gateway();
      expect(await askTwice(api, token, name, ['one', 'two'])).toBe(400);
      expect(await askTwice(api, token, name, ['same', 'same'])).toBe(400);
      expect(await askTwice(api, token, name, ['one'])).toBe(name === 'x-jetmon-public-scopes' ? 403 : 200);
    },
  );
});

describe('a call behind a gateway', () => {
  it('sees the sites of its tenant, and adds to them', async () => {
    const { api, as } = await gateway();
    await api.ask('POST', SITES, { body: { blog_id: 7, monitor_url: 'https://unowned.example/' } });
    const made = await as('POST', SITES, CONTEXT, { monitor_url: 'https://own.example/' });
    expect(made.status).toBe(201);
    const ids = async (headers: Record<string, string>) =>
      (await as('GET', SITES, headers)).body.data.map(({ id }: { id: number }) => id);
    expect(await ids(CONTEXT)).toEqual([made.body.id]);
    expect(await ids({ ...CONTEXT, 'x-jetmon-tenant-id': 'other' })).toEqual([]);
    expect((await as('GET', `${SITES}/7`, CONTEXT)).status).toBe(404);
  });

  it.each([
    ['sites:read', 'GET', SITES, 200],
    ['sites:read', 'POST', SITES, 403],
    ['sites:write', 'POST', SITES, 422],
    ['read', 'GET', SITES, 200],
    ['read', 'POST', SITES, 403],
    ['admin', 'GET', SITES, 200],
    ['billing:read', 'GET', SITES, 403],
    ['events:read', 'GET', SITES, 403],
    ['*', 'GET', SITES, 403],
  ])('may with the public scopes %s: %s %s, answered with %i', async (scopes, method, path, status) => {
    const { as } = await gateway();
    const body = method === 'POST' ? { nonsense: 1 } : undefined;
    expect((await as(method, path, { ...CONTEXT, 'x-jetmon-public-scopes': scopes }, body)).status).toBe(status);
  });

  it('may nothing that the key itself may not', async () => {
    const { as } = await gateway({}, ['sites:read']);
    const headers = { ...CONTEXT, 'x-jetmon-public-scopes': 'admin other:word' };
    expect((await as('GET', ME, headers)).body).toMatchObject({ scopes: ['sites:read'], tenant_id: 'acme' });
    const reply = await as('POST', SITES, headers, {});
    expect(reply.body.error).toMatchObject({
      code: 'insufficient_scope',
      details: { required: 'write', required_granular: ['sites:write'], held: 'sites:read' },
    });
  });

  it('learns nothing of the server itself, and neither does a key that is bound to a tenant', async () => {
    const { api, as } = await gateway({}, 'admin');
    const bound = await api.apiKeys.create({ consumerName: 'bound', scope: 'admin', tenantId: 'acme' });
    for (const path of ['/api/v1/status', '/api/v1/prober']) {
      const behind = await as('GET', path, { ...CONTEXT, 'x-jetmon-public-scopes': 'admin' });
      expect([behind.status, behind.body.error.code]).toEqual([403, 'operator_only']);
      expect((await api.ask('GET', path, { token: bound.token })).body.error.code).toBe('operator_only');
    }
  });
});

describe('a key that is bound to a tenant', () => {
  it('sees the sites of that tenant without saying so', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'acme', scope: 'write', tenantId: 'acme' });
    await api.ask('POST', SITES, { body: { monitor_url: 'https://unowned.example/' } });
    const { body } = await api.ask('POST', SITES, { token, body: { monitor_url: 'https://own.example/' } });
    const listed = await api.ask('GET', SITES, { token });
    expect(listed.body.data.map(({ id }: { id: number }) => id)).toEqual([body.id]);
    expect((await api.ask('GET', ME, { token })).body).toMatchObject({ tenant_id: 'acme', is_gateway: false });
  });
});

describe('the limit of a tenant', () => {
  it('holds over all its keys, leaves others alone, and is told when it is the tightest', async () => {
    const { api, as } = await gateway({ tenantPerMinute: 2 });
    const bound = await api.apiKeys.create({ consumerName: 'acme', scope: 'read', tenantId: 'acme' });
    const first = await as('GET', SITES, CONTEXT);
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['2', '1']);
    await api.ask('GET', SITES, { token: bound.token });
    const refused = await as('GET', SITES, CONTEXT);
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited']);
    expect(refused.body.error.message).toBe('this tenant may make 2 requests a minute');
    expect((await as('GET', SITES, { ...CONTEXT, 'x-jetmon-tenant-id': 'other' })).status).toBe(200);
    expect((await as('GET', ME)).headers.get('x-ratelimit-limit')).toBe('1000');
    api.clock.move(30_000);
    expect((await as('GET', SITES, CONTEXT)).status).toBe(200);
  });
});

describe('a tenant that is refused again and again', () => {
  it('is limited by itself, and keeps no other tenant of its gateway waiting', async () => {
    const { as } = await gateway({ tenantPerMinute: 3 });
    for (let n = 0; n < 3; n += 1) expect((await as('GET', '/api/v1/fleet', CONTEXT)).status).toBe(403);
    const reply = await as('GET', '/api/v1/fleet', CONTEXT);
    expect([reply.status, reply.body.error.message]).toEqual([429, 'this tenant may make 3 requests a minute']);
    expect((await as('GET', SITES, { ...CONTEXT, 'x-jetmon-tenant-id': 'quiet' })).status).toBe(200);
  });
});

describe('a gateway that is limited to networks', () => {
  const limited = (api: ApiFixture, allowedFrom: string[]) =>
    api.apiKeys.create({ consumerName: 'edge', scope: 'write', isGateway: true, allowedFrom });

  it('is taken from there', async () => {
    const api = await startApi();
    const { token } = await limited(api, ['192.0.2.0/24', '127.0.0.0/8']);
    expect((await api.ask('GET', SITES, { token, headers: CONTEXT })).status).toBe(200);
  });

  it('is not known from elsewhere, whatever headers say of that, and the trail tells whose key it was', async () => {
    const api = await startApi();
    const { token, key } = await limited(api, ['192.0.2.0/24']);
    const headers = { ...CONTEXT, 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' };
    const refused = await api.ask('GET', SITES, { token, headers });
    const unknown = await api.ask('GET', SITES, { token: `jm_${'A'.repeat(52)}`, headers });
    const { request_id: _, ...error } = refused.body.error;
    expect([refused.status, error.code]).toEqual([401, 'invalid_token']);
    expect(unknown.body.error).toMatchObject(error);
    expect(refused.headers.get('x-ratelimit-limit')).toBeNull();
    await expect
      .poll(
        async () => {
          const rows = await api.database.kysely
            .selectFrom('jetmon_audit_log')
            .select('metadata')
            .where('event_type', '=', 'api_access')
            .execute();
          return rows.map(({ metadata }) => JSON.parse(String(metadata)));
        },
        { timeout: 10_000 },
      )
      .toContainEqual(
        expect.objectContaining({
          key_id: Number(key.keyId),
          consumer: 'edge',
          status: 401,
          note: 'not_allowed_from_here',
        }),
      );
  });
});
