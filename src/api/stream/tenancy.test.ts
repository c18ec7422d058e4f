import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import { createEventParser, type ServerSentEvent } from '../../client/server-sent-events.ts';
import type { SiteId } from '../../domain/ids.ts';
import { bringIntoScope } from '../../store/site-scope.ts';

const CANARY = 'canary-of-acme';

async function follow(api: ApiFixture, token: string, headers: Record<string, string> = {}) {
  const events: ServerSentEvent[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(`${api.address}/api/v1/stream`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: stop.signal,
  });
  const take = createEventParser((event) => events.push(event));
  const read = async () => {
    for await (const part of response.body ?? []) take(new TextDecoder().decode(part));
  };
  read().catch(() => {});
  return { status: response.status, events, names: () => events.map(({ name }) => name) };
}

async function own(api: ApiFixture, tenantId: string, siteId: SiteId) {
  const scope = { kind: 'tenant' as const, tenantId };
  await bringIntoScope(api.database, api.database.kysely as never, scope, { siteId, source: 'test', atMs: 1 });
}

describe('the live stream of a tenant', () => {
  it('tells of its own sites, to whoever asks for it, and of no other', async () => {
    const api = await startApi();
    const gateway = await api.apiKeys.create({ consumerName: 'edge', scope: 'read', isGateway: true });
    const acmeKey = await api.apiKeys.create({ consumerName: 'acme', scope: 'read', tenantId: 'acme' });
    const behind = (tenantId: string) => ({
      'x-jetmon-tenant-id': tenantId,
      'x-jetmon-public-scopes': 'sites:read events:read',
      'x-jetmon-gateway-request-id': 'r',
    });
    const endpoint = await api.addEndpoint({ url: `https://${CANARY}.example/` });
    const other = await api.addEndpoint();
    await own(api, 'acme', endpoint.siteId);
    await own(api, 'other', other.siteId);
    const operator = await follow(api, LOCAL_KEY);
    const mine = [await follow(api, acmeKey.token), await follow(api, gateway.token, behind('acme'))];
    const foreign = await follow(api, gateway.token, behind('other'));
    expect([...mine, foreign].map(({ status }) => status)).toEqual([200, 200, 200]);

    const opened = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await api.events.append(appendTo(endpoint, [opened], { metadata: { why: CANARY } }));
    await api.ask('PATCH', `/api/v1/sites/${endpoint.siteId}`, { body: { monitor_active: false } });
    api.record(endpoint);
    await vi.waitFor(() => expect(operator.names()).toContain('checked'), { timeout: 10_000 });
    api.record(other);
    await vi.waitFor(() => expect(foreign.names()).toEqual(['checked']), { timeout: 10_000 });
    for (const follower of mine) {
      expect(new Set(follower.names())).toEqual(new Set(['transition', 'site', 'checked']));
      expect(follower.events.every(({ data }) => data.includes(`"site_id":${endpoint.siteId}`))).toBe(true);
    }
    const told = foreign.events.map(({ data }) => data).join();
    expect(told).toContain(`"site_id":${other.siteId}`);
    expect(told).not.toContain(CANARY);
    expect(told).not.toContain(`"site_id":${endpoint.siteId},`);
  });

  it('says nothing of the monitor itself', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'acme', scope: 'read', tenantId: 'acme' });
    const operator = await follow(api, LOCAL_KEY);
    const mine = await follow(api, token);
    const opened = { op: 'open', state: 'Degraded', startedAtMs: 1_000, reason: 'opened' } as const;
    const identity = { siteId: 0n as SiteId, endpointId: null, checkType: 'monitor', discriminator: null };
    const nobody = appendTo({ siteId: 0n as SiteId, endpointId: 0n as never }, [opened], { identity });
    await api.events.append(nobody);
    await api.ask('POST', '/api/v1/sites', { token, body: { monitor_url: 'https://own.example/' } });
    await vi.waitFor(() => expect(operator.names()).toContain('transition'));
    expect(mine.names()).not.toContain('transition');
  });
});
