import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createFleetOverview } from '../../services/fleet-overview.ts';

const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;

/** Up, Unknown, Seems Down, Degraded with a second endpoint, Paused, Maintenance, removed. */
async function smallFleet() {
  const api = await startApi({ clock: createFakeClock() });
  const add = async () => api.addEndpoint();
  const [up, unknown, failing, degraded, paused, window, removed] = [
    await add(),
    await add(),
    await add(),
    await add(),
    await add(),
    await add(),
    await add(),
  ];
  const second = await api.addEndpoint({ siteId: degraded.siteId });
  for (const endpoint of [up, failing, degraded, second, window]) api.record(endpoint);
  api.record(unknown, 'Unknown');
  await api.events.append(appendTo(failing, [OPEN]));
  await api.events.append(appendTo(degraded, [{ ...OPEN, state: 'Degraded' }]));
  await api.ask('POST', `/api/v1/sites/${paused.siteId}/pause`);
  await api.ask('DELETE', `/api/v1/sites/${removed.siteId}`);
  const nowMs = api.clock.nowMs();
  const maintenance = { startMs: nowMs - 1_000, endMs: nowMs + 600_000 };
  await api.endpoints.update(EVERY_SITE, window.endpointId, { maintenance });
  return { ...api, up, failing };
}

describe('GET /api/v1/fleet', () => {
  it('counts sites by the state that each of them shows', async () => {
    const api = await smallFleet();
    const { status, body } = await api.ask('GET', '/api/v1/fleet');
    expect(status).toBe(200);
    const shown = (await api.ask('GET', '/api/v1/sites?removed=false&limit=200')).body.data;
    for (const [state, sites] of Object.entries(body.sites.by_state)) {
      const those = shown.filter((site: { current_state: string }) => site.current_state === state);
      expect([state, sites]).toEqual([state, those.length]);
    }
    expect(body).toMatchObject({
      sites: { total: 6, active: 5, paused: 1, removed: 1, by_severity: { 0: 4, 2: 1, 3: 1 } },
      endpoints: { total: 7, active: 6 },
      open_events: { total: 2, by_check_type: { http: 2 } },
      checks_per_second: 0.1,
    });
  });

  it('counts as Unknown what was never served and fails before anything is told of it', async () => {
    const api = await startApi({ clock: createFakeClock() });
    const { siteId, endpointId } = await api.addEndpoint();
    const shown = async () => {
      // Counts are kept for a while.
      api.clock.move(60_000);
      api.record({ siteId, endpointId }, 'Seems Down');
      const { by_state } = (await api.ask('GET', '/api/v1/fleet')).body.sites;
      const site = (await api.ask('GET', `/api/v1/sites/${siteId}`)).body;
      return { state: site.current_state, counted: by_state[site.current_state] };
    };
    expect(await shown()).toEqual({ state: 'Unknown', counted: 1 });
    api.record({ siteId, endpointId });
    expect(await shown()).toEqual({ state: 'Up', counted: 1 });
  });

  it('counts what has not been looked at for long as Unknown', async () => {
    const api = await smallFleet();
    api.clock.move(3_600_000);
    const { body } = await api.ask('GET', '/api/v1/fleet');
    expect(body.sites.by_state).toMatchObject({ Up: 0, Unknown: 3, 'Seems Down': 1 });
  });

  it('is counted anew when it is older than a second', async () => {
    const api = await smallFleet();
    const before = await api.ask('GET', '/api/v1/fleet');
    await api.addEndpoint();
    expect((await api.ask('GET', '/api/v1/fleet')).body).toEqual(before.body);
    api.clock.move(10_001);
    expect((await api.ask('GET', '/api/v1/fleet')).body.sites.total).toBe(7);
  });

  it('heeds the rules of a site whose endpoints are read in two goes', async () => {
    const api = await startApi({ clock: createFakeClock() });
    await api.addEndpoint();
    await sql`insert into jetpack_monitor_sites (blog_id, bucket_no, monitor_url, monitor_active, check_interval)
      with digit (d) as (select 0 union select 1 union select 2 union select 3 union select 4 union select 5 union select 6
        union select 7 union select 8 union select 9), n (i) as (select a.d + 10 * b.d + 100 * c.d + 1000 * e.d
        from digit a, digit b, digit c, digit e where e.d < 2)
      select i, 0, 'https://x.example/', 1, 5 from n where i > 1`.execute(api.database.kysely);
    const siteId = 5_000n as SiteId;
    const [first, second] = [await api.addEndpoint({ siteId }), await api.addEndpoint({ siteId })];
    api.record(first, 'Unknown');
    api.record(second);
    const endpoints = {
      [String(first.endpointId)]: { criticality: 'non_critical' },
      [String(second.endpointId)]: { criticality: 'critical' },
    };
    await api.ask('PUT', `/api/v1/sites/${siteId}/rollup-rules`, { body: { endpoints } });
    const { body } = await api.ask('GET', '/api/v1/fleet');
    expect(body.sites.by_state).toMatchObject({ Up: 1, Unknown: 1_999 });
  });

  it('counts for a tenant only what is of that tenant', async () => {
    const api = await smallFleet();
    const row = { tenant_id: 'one', blog_id: api.failing.siteId, source: 'test', created_at: 1, updated_at: 1 };
    await api.database.kysely.insertInto('jetmon_site_tenants').values(row).execute();
    const overview = createFleetOverview(api);
    const one = await overview({ kind: 'tenant', tenantId: 'one' });
    expect(one).toMatchObject({ sites: 1, removed: 0, endpoints: 1, byState: { 'Seems Down': 1, Up: 0 } });
    expect(one.openEvents).toEqual(new Map([['http', 1]]));
    const other = await overview({ kind: 'tenant', tenantId: 'other' });
    expect(other).toMatchObject({ sites: 0, removed: 0, endpoints: 0 });
    expect(other.openEvents.size).toBe(0);
  });
});
