import { describe, expect, it, vi } from 'vitest';
import { type ApiFixture, startApi } from '../../test/kit/api.ts';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { listAudit } from '../store/audit.ts';
import { silentLog } from '../telemetry/log.ts';

const SITES = '/api/v1/sites';
const NEW_SITE = { monitor_url: 'https://a.example/?key=canary-query' };

/** What the trail says of who used the API, once all of it is written. */
async function trailOf(api: ApiFixture) {
  await api.server.close();
  const rows = await listAudit(api.database.kysely, EVERY_SITE, {
    sinceMs: 0,
    untilMs: Number.MAX_SAFE_INTEGER,
    limit: 2_000,
  });
  return rows.filter(({ eventType }) => eventType === 'api_access');
}

describe('the trail of who used the API', () => {
  it('tells of changes and refusals, and not of reads that were answered', async () => {
    const api = await startApi();
    const { token, key } = await api.apiKeys.create({ consumerName: 'ci', scope: 'read' });
    await api.ask('GET', SITES, { token });
    await api.ask('POST', SITES, { token, body: NEW_SITE });
    await api.ask('POST', SITES, { body: { ...NEW_SITE, nonsense: 'canary-body' } });
    const made = await api.ask('POST', SITES, { body: NEW_SITE });
    await api.ask('GET', `${SITES}?canary-query=1`, { token: 'jm_canary_token_canary' });
    await api.ask('GET', '/api/v1/nothing', { token: null });
    const trail = await trailOf(api);
    expect(trail.map(({ source, detail, metadata }) => [source, detail, metadata])).toMatchObject([
      ['ci', `POST ${SITES}`, { status: 403, note: 'insufficient_scope', consumer: 'ci', key_id: Number(key.keyId) }],
      ['local', `POST ${SITES}`, { status: 422, note: 'invalid_field', key_id: null }],
      ['local', `POST ${SITES}`, { status: 201, note: null, method: 'POST', path: SITES, remote_addr: '127.0.0.1' }],
      ['unknown', `GET ${SITES}`, { status: 401, note: 'invalid_token', consumer: 'unknown' }],
    ]);
    expect(trail[2]?.metadata).toMatchObject({
      request_id: made.headers.get('x-request-id'),
      duration_ms: expect.any(Number),
    });
    expect(trail.every(({ siteId }) => siteId === null)).toBe(true);
    expect(JSON.stringify(trail.map(({ detail, metadata }) => [detail, metadata]))).not.toContain('canary');
  });

  it('tells for whom a gateway asked, whether it was let in or not', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'edge', scope: 'write', isGateway: true });
    const context = {
      'x-jetmon-tenant-id': 'acme',
      'x-jetmon-public-scopes': 'sites:read',
      'x-jetmon-gateway-request-id': 'req-1',
      'x-jetmon-actor-id': 'jo',
      'x-jetmon-plan': 'pro',
    };
    await api.ask('POST', SITES, { token, headers: context, body: NEW_SITE });
    await api.ask('POST', SITES, { token, headers: { ...context, 'x-jetmon-public-scopes': 'write' }, body: NEW_SITE });
    await api.ask('GET', SITES, { token });
    const said = { tenant_id: 'acme', actor_id: 'jo', gateway_request_id: 'req-1', plan: 'pro' };
    expect((await trailOf(api)).map(({ metadata }) => metadata)).toMatchObject([
      { ...said, status: 403, public_scopes: 'sites:read' },
      { ...said, status: 201, public_scopes: 'write' },
      { status: 403, note: 'forbidden_gateway_context' },
    ]);
  });

  it('is written in groups after the reply, and what the database refuses is counted and logged', async () => {
    const clock = createFakeClock();
    const error = vi.fn();
    const api = await startApi({ clock, log: { ...silentLog, error } });
    for (let n = 0; n < 5; n += 1) await api.ask('PATCH', `${SITES}/9`, { body: {} });
    const count = async () => (await api.database.kysely.selectFrom('jetmon_audit_log').selectAll().execute()).length;
    expect(await count()).toBe(0);
    clock.advance(1_000);
    await vi.waitFor(async () => expect(await count()).toBe(5));
    await api.database.kysely.schema.dropTable('jetmon_audit_log').execute();
    await api.ask('PATCH', `${SITES}/9`, { body: {} });
    clock.advance(1_000);
    await vi.waitFor(() => expect(api.server.accessLost()).toBe(1));
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ lost: 1 }), expect.stringContaining('noted'));
  });

  it('does not let strangers fill it', async () => {
    const warn = vi.fn();
    const api = await startApi({ log: { ...silentLog, warn } });
    for (let n = 0; n < 13; n += 1) {
      await Promise.all(Array.from({ length: 50 }, () => api.ask('GET', SITES, { token: null })));
    }
    expect(api.server.accessLost()).toBe(50);
    expect(warn).toHaveBeenCalledTimes(1);
    await api.ask('PATCH', `${SITES}/9`, { body: {} });
    const trail = await trailOf(api);
    expect([trail.length, trail.at(-1)?.source]).toEqual([601, 'local']);
  });

  it('does not let a key fill it that is refused again and again', async () => {
    const warn = vi.fn();
    const api = await startApi({ log: { ...silentLog, warn } });
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'read', rateLimitPerMinute: 9_999 });
    const other = await api.apiKeys.create({ consumerName: 'other', scope: 'read' });
    for (let n = 0; n < 70; n += 1) await api.ask('DELETE', `${SITES}/1`, { token });
    await api.ask('DELETE', `${SITES}/1`, { token: other.token });
    expect(api.server.accessLost()).toBe(10);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('ci')]]);
    api.clock.move(60_000);
    await api.ask('DELETE', `${SITES}/1`, { token });
    const trail = await trailOf(api);
    expect(trail.map(({ source }) => source)).toEqual([...Array(60).fill('ci'), 'other', 'ci']);
  });
});
