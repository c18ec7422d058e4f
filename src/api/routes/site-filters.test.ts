import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { STATES, type State, severityOf } from '../../domain/state.ts';
import { listSites } from '../../services/list-sites.ts';

type Endpoint = Awaited<ReturnType<ApiFixture['addEndpoint']>>;

/** Brings a site into a state in the way it gets there. */
async function bringInto(api: ApiFixture, endpoint: Endpoint, state: State): Promise<void> {
  const { endpointId } = endpoint;
  const opened = { op: 'open', startedAtMs: 1_000, reason: 'opened' } as const;
  if (state !== 'Unknown') api.record(endpoint);
  switch (state) {
    case 'Warning':
    case 'Degraded':
    case 'Seems Down':
      await api.events.append(appendTo(endpoint, [{ ...opened, state }]));
      return;
    case 'Down': {
      const confirmed = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
      await api.events.append(appendTo(endpoint, [{ ...opened, state: 'Seems Down' }, confirmed]));
      return;
    }
    case 'Paused':
      await api.ask('POST', `/api/v1/sites/${endpoint.siteId}/pause`);
      return;
    case 'Maintenance': {
      const nowMs = api.clock.nowMs();
      const maintenance = { startMs: nowMs - 60_000, endMs: nowMs + 600_000 };
      await api.endpoints.update(EVERY_SITE, endpointId, { maintenance });
      // What was open when the window began stays so, and does not count.
      await api.events.append(appendTo(endpoint, [{ ...opened, state: 'Seems Down' }]));
      return;
    }
    default:
      return;
  }
}

/** Sites in every state, several of each, in turn. */
async function fleetOf(api: ApiFixture, rounds: number) {
  const byState = new Map<State, number[]>(STATES.map((state) => [state, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const state of STATES) {
      const endpoint = await api.addEndpoint();
      await bringInto(api, endpoint, state);
      byState.get(state)?.push(Number(endpoint.siteId));
    }
  }
  return byState;
}

async function idsOf(api: ApiFixture, query: string): Promise<number[]> {
  const ids: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body, status } = await api.ask('GET', `/api/v1/sites?${query}${more}`);
    expect(status).toBe(200);
    ids.push(...body.data.map((site: { id: number }) => site.id));
    cursor = body.page.next;
  }
  return ids;
}

describe('sites by state', () => {
  it('are those in exactly that state, whatever the state, and pages are full', async () => {
    const api = await startApi();
    const byState = await fleetOf(api, 3);
    for (const [state, ids] of byState) {
      expect([state, await idsOf(api, `state=${encodeURIComponent(state)}`)]).toEqual([state, ids]);
      const first = await api.ask('GET', `/api/v1/sites?state=${encodeURIComponent(state)}&limit=2`);
      expect(first.body.data.map((site: { id: number }) => site.id)).toEqual(ids.slice(0, 2));
      expect(await idsOf(api, `state=${encodeURIComponent(state)}&limit=1`)).toEqual(ids);
    }
    const two = [...(byState.get('Down') ?? []), ...(byState.get('Paused') ?? [])].sort((a, b) => a - b);
    expect(await idsOf(api, 'state__in=Down,Paused&limit=2')).toEqual(two);
  });

  it('may be asked for by severity, alone and with a state', async () => {
    const api = await startApi();
    const byState = await fleetOf(api, 2);
    const worse = (least: number) =>
      [...byState].flatMap(([state, ids]) => (severityOf(state) >= least ? ids : [])).sort((a, b) => a - b);
    for (const least of [0, 1, 2, 3, 4, 5]) expect(await idsOf(api, `severity__gte=${least}`)).toEqual(worse(least));
    expect(await idsOf(api, 'severity__gte=2&state=Warning')).toEqual([]);
    expect(await idsOf(api, 'severity__gte=2&state__in=Warning,Down')).toEqual(byState.get('Down'));
  });

  it('go together with the other filters', async () => {
    const api = await startApi();
    const byState = await fleetOf(api, 2);
    const [down] = byState.get('Down') ?? [];
    const { body } = await api.ask('GET', `/api/v1/sites/${down}`);
    const part = encodeURIComponent(body.monitor_url.slice(8, 30));
    expect(await idsOf(api, `state=Down&q=${part}`)).toEqual([down]);
    expect(await idsOf(api, 'state=Down&monitor_active=false')).toEqual([]);
    expect(await idsOf(api, 'state=Paused&monitor_active=false&removed=false')).toEqual(byState.get('Paused'));
  });

  it('of another tenant are not found', async () => {
    const api = await startApi();
    const [ours] = (await fleetOf(api, 1)).get('Down') ?? [];
    const row = { tenant_id: 'one', blog_id: BigInt(ours ?? 0), source: 'test', created_at: 1, updated_at: 1 };
    await api.database.kysely.insertInto('jetmon_site_tenants').values(row).execute();
    const query = { afterSiteId: null, limit: 50, minSeverity: 0, active: null, removed: null, urlContains: null };
    const found = async (tenantId: string, states: State[]) =>
      (await listSites(api, { kind: 'tenant', tenantId }, { ...query, states })).sites.map(({ siteId }) => siteId);
    expect(await found('one', ['Down'])).toEqual([BigInt(ours ?? 0) as SiteId]);
    expect(await found('one', ['Up', 'Paused', 'Maintenance', 'Warning'])).toEqual([]);
    expect(await found('other', [...STATES])).toEqual([]);
  });

  it.each([
    ['state=Down&state__in=Up', 'invalid_state_filter'],
    ['state=Broken', 'invalid_state_filter'],
    ['state__in=Down,Broken', 'invalid_state_filter'],
    ['severity__gte=-1', 'invalid_severity'],
    ['severity__gte=bad', 'invalid_severity'],
    ['monitor_active=yes', 'invalid_monitor_active'],
    ['include_cli_metadata=2', 'invalid_include_cli_metadata'],
    ['removed=maybe', 'invalid_filter'],
    ['sort=id', 'invalid_filter'],
  ])('refuse %s with %s', async (query, code) => {
    const api = await startApi();
    const { status, body } = await api.ask('GET', `/api/v1/sites?${query}`);
    expect([status, body.error.code]).toEqual([400, code]);
  });
});

describe('the batch of a command', () => {
  it('is shown where it is asked for, by the value of its header, and no other header is', async () => {
    const api = await startApi();
    const custom_headers = { 'x-jetmon-cli-BATCH': 'spring', Authorization: 'a secret' };
    await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/', custom_headers } });
    await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://b.example/' } });
    const plain = await api.ask('GET', '/api/v1/sites');
    const asked = await api.ask('GET', '/api/v1/sites?include_cli_metadata=true');
    expect(plain.text).not.toContain('spring');
    expect(asked.body.data.map((site: object) => 'cli_batch' in site && site.cli_batch)).toEqual(['spring', false]);
    expect(asked.text).not.toContain('a secret');
  });
});

describe('a site in planned maintenance', () => {
  it('is found by its state and counted so, whatever the plan is for', async () => {
    const api = await startApi();
    const tenant = async (tenantId: string) =>
      (await api.apiKeys.create({ consumerName: tenantId, scope: 'write', tenantId })).token;
    const [one, other] = [await tenant('one'), await tenant('other')];
    const add = async (token: string | null, url: string) => {
      const { body } = await api.ask('POST', '/api/v1/sites', {
        ...(token === null ? {} : { token }),
        body: { monitor_url: url },
      });
      const siteId = BigInt(body.id) as SiteId;
      const [endpoint] = await api.endpoints.bySite(EVERY_SITE, siteId);
      if (endpoint !== undefined) api.record(endpoint);
      return { siteId, endpointId: endpoint?.endpointId ?? 0n };
    };
    const started = await add(null, 'https://started.example/');
    const partly = await add(null, 'https://partly.example/');
    const plain = await add(null, 'https://plain.example/');
    const owned = await add(one, 'https://owned.example/');
    const foreign = await add(other, 'https://foreign.example/');
    await api.ask('POST', `/api/v1/sites/${started.siteId}/maintenance/start`, { body: {} });
    const now = Date.now();
    const [start, end] = [new Date(now - 60_000).toISOString(), new Date(now + 600_000).toISOString()];
    const window = { start, end, time_zone: 'UTC' };
    await api.ask('POST', `/api/v1/sites/${partly.siteId}/maintenance`, {
      body: { ...window, endpoint_id: Number(partly.endpointId) },
    });
    await api.ask('POST', '/api/v1/maintenance', { token: one, body: { ...window, all_sites: true } });
    const shown = async (state: string, token?: string) => {
      const { body } = await api.ask('GET', `/api/v1/sites?state=${state}`, token === undefined ? {} : { token });
      return body.data.map((site: { id: number }) => BigInt(site.id));
    };
    expect(await shown('Maintenance')).toEqual([started.siteId, partly.siteId, owned.siteId]);
    expect(await shown('Up')).toEqual([plain.siteId, foreign.siteId]);
    expect(await shown('Maintenance', one)).toEqual([owned.siteId]);
    expect(await shown('Maintenance', other)).toEqual([]);
    const fleet = (await api.ask('GET', '/api/v1/fleet')).body;
    expect(fleet.sites.by_state).toMatchObject({ Maintenance: 3, Up: 2 });
    // One that is for every site there is covers those of every tenant.
    await api.ask('POST', '/api/v1/maintenance', { body: { ...window, all_sites: true } });
    expect(await shown('Maintenance', other)).toEqual([foreign.siteId]);
    expect((await api.ask('GET', '/api/v1/fleet', { token: other })).body.sites.by_state).toMatchObject({
      Maintenance: 1,
    });
  });
});
