import { describe, expect, it } from 'vitest';
import { apiWithSites, at, DAY, HOUR } from '../../../test/kit/maintenance-api.ts';
import type { SiteId } from '../../domain/ids.ts';
import { findMaintenance, listMaintenance } from '../../services/list-maintenance.ts';
import { maintenanceIntervals } from '../../services/maintenance-intervals.ts';
import { changeMaintenance, planMaintenance, removeMaintenance } from '../../services/plan-maintenance.ts';
import { startMaintenance } from '../../services/start-maintenance.ts';

describe('another tenant', () => {
  const one = { kind: 'tenant', tenantId: 'one' } as const;
  const other = { kind: 'tenant', tenantId: 'other' } as const;

  async function twoTenants() {
    const { api } = await apiWithSites(2);
    const row = (tenant_id: string, blog_id: bigint) => ({ tenant_id, blog_id, created_at: 1, updated_at: 1 });
    await api.database.kysely
      .insertInto('jetmon_site_tenants')
      .values([row('one', 1n), row('other', 2n)])
      .execute();
    const timing = { start: at(api.clock.nowMs()), durationMs: HOUR, zone: 'UTC', recurrence: null };
    const rest = { endpointId: null, title: 'canary', createdBy: null, timing };
    return { api, rest };
  }

  it('neither sees nor changes what is planned for sites that are not theirs', async () => {
    const { api, rest } = await twoTenants();
    const [own] = await planMaintenance(api, one, { ...rest, siteIds: [1n as SiteId] });
    const [all] = await planMaintenance(api, one, { ...rest, siteIds: null });
    const query = { afterId: null, limit: 10, siteId: null, status: null };
    expect((await listMaintenance(api, other, query)).windows).toEqual([]);
    expect((await listMaintenance(api, one, query)).windows).toHaveLength(2);
    for (const window of [own, all]) {
      if (window === undefined) throw new Error('nothing was planned');
      const missed = { code: 'window_not_found' };
      await expect(findMaintenance(api, other, window.windowId)).rejects.toMatchObject(missed);
      await expect(changeMaintenance(api, other, window.windowId, { title: 'x' })).rejects.toMatchObject(missed);
      await expect(removeMaintenance(api, other, window.windowId)).rejects.toMatchObject(missed);
    }
    const missed = { code: 'site_not_found' };
    await expect(planMaintenance(api, other, { ...rest, siteIds: [1n as SiteId] })).rejects.toMatchObject(missed);
    await expect(
      startMaintenance(api, other, 1n as SiteId, { durationMs: HOUR, createdBy: null }),
    ).rejects.toMatchObject(missed);
    expect(await maintenanceIntervals(api, other, 1n as SiteId, 0, api.clock.nowMs() + DAY)).toEqual([]);
  });

  it('of a shared site learns neither by whose key a window was planned nor what it is called, not from the trace either', async () => {
    const { api, rest } = await twoTenants();
    const row = { tenant_id: 'other', blog_id: 1n, created_at: 1, updated_at: 1 };
    await api.database.kysely.insertInto('jetmon_site_tenants').values(row).execute();
    await planMaintenance(api, one, { ...rest, siteIds: [1n as SiteId], createdBy: 'canary-key' });
    await planMaintenance(api, one, { ...rest, siteIds: null, createdBy: 'canary-key' });
    const askedBy = async (tenantId: string) => {
      const { token } = await api.apiKeys.create({ consumerName: `of ${tenantId}`, scope: 'write', tenantId });
      const paths = ['/maintenance/1', '/sites/1/maintenance', '/maintenance', '/sites/1/audit'];
      return Promise.all(paths.map((path) => api.ask('GET', `/api/v1${path}`, { token })));
    };
    const others = await askedBy('other');
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(others.map(({ text }) => text).join()).not.toContain('canary');
    const [, , all] = await askedBy('one');
    expect(all?.body.data).toMatchObject([
      { id: 1, title: 'canary', created_by: 'canary-key' },
      { id: 2, site_id: null, title: 'canary', created_by: 'canary-key' },
    ]);
    expect((await api.ask('GET', '/api/v1/maintenance/1')).body.created_by).toBe('canary-key');
    // Who gives it another title has that title for theirs.
    const { token } = await api.apiKeys.create({ consumerName: 'of other', scope: 'write', tenantId: 'other' });
    const named = await api.ask('PATCH', '/api/v1/maintenance/1', { token, body: { title: 'ours' } });
    expect(named.body).toMatchObject({ title: 'ours', created_by: null });
    const [mine] = await askedBy('one');
    expect(mine?.body).toMatchObject({ title: null, created_by: null });
    expect((await api.ask('GET', '/api/v1/maintenance/1')).body).toMatchObject({ title: 'ours', created_by: null });
  });

  it('has none of their sites covered by a window for all sites of one', async () => {
    const { api, rest } = await twoTenants();
    await planMaintenance(api, one, { ...rest, siteIds: null });
    const state = async (site: number) => (await api.ask('GET', `/api/v1/sites/${site}`)).body.current_state;
    expect([await state(1), await state(2)]).toEqual(['Maintenance', 'Unknown']);
  });
});
