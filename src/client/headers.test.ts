/** Headers that a caller of the client has sent with everything, as a gateway needs them. */
import { describe, expect, it } from 'vitest';
import { callerWith } from '../../test/api/tenant-world.ts';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { createClient } from './client.ts';

async function gatewayFor(tenantId: string) {
  const api = await startApi();
  const { token } = await callerWith(api, { isGateway: true });
  const headers = {
    'X-Jetmon-Tenant-ID': tenantId,
    'X-Jetmon-Public-Scopes': 'write',
    'X-Jetmon-Gateway-Request-ID': 'request-1',
  };
  return { api, token: token ?? '', headers };
}

describe('headers of a client', () => {
  it('make it speak for a tenant, in calls and in the stream', async () => {
    const { api, token, headers } = await gatewayFor('acme');
    const client = createClient({ baseUrl: api.address, token, headers });
    expect((await client.me()).tenant_id).toBe('acme');
    await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://foreign.example/' } });
    const leaving = new AbortController();
    const told: unknown[] = [];
    await client.stream(
      {
        onOpen: () => void client.sites.create({ monitor_url: 'https://a.example/' }),
        site({ site_id }) {
          told.push(site_id);
          leaving.abort();
        },
      },
      { signal: leaving.signal },
    );
    expect(told).toEqual([2]);
    const bare = createClient({ baseUrl: api.address, token });
    await expect(bare.sites.get(1)).rejects.toMatchObject({ code: 'forbidden_gateway_context' });
  });

  it('never say who it is, nor what the client says itself, however they are written', async () => {
    const api = await startApi();
    const headers = { Authorization: 'Bearer of something else', Accept: 'text/html', 'Idempotency-KEY': 'mine' };
    const client = createClient({ baseUrl: api.address, token: LOCAL_KEY, headers });
    expect((await client.me()).consumer_name).toBe('local');
    const idempotencyKey = 'own';
    const site = await client.sites.create({ monitor_url: 'https://a.example/' }, { idempotencyKey });
    const again = await client.sites.create({ monitor_url: 'https://a.example/' }, { idempotencyKey });
    expect(again).toEqual(site);
    const nobody = createClient({ baseUrl: api.address, headers: { AUTHORIZATION: `Bearer ${LOCAL_KEY}` } });
    await expect(nobody.me()).rejects.toMatchObject({ code: 'missing_token' });
  });
});
