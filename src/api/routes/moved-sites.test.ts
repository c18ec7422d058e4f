/** A site that is given another URL: it is refused the same ones as a new site, and told as little of others. */
import { describe, expect, it } from 'vitest';
import { callerWith } from '../../../test/api/tenant-world.ts';
import { type ApiFixture, type Ask, startApi } from '../../../test/kit/api.ts';

const urlOf = (name: string) => `https://${name}.example/`;

/** A site for each of these names, one after the other; ids count from 1. */
async function withSites(names: readonly string[], ask: Ask = {}, api?: ApiFixture) {
  const served = api ?? (await startApi());
  for (const name of names) await served.ask('POST', '/api/v1/sites', { ...ask, body: { monitor_url: urlOf(name) } });
  return served;
}

function move(api: ApiFixture, siteId: number, name: string, ask: Ask = {}) {
  return api.ask('PATCH', `/api/v1/sites/${siteId}`, { ...ask, body: { monitor_url: urlOf(name), bucket_no: 9 } });
}

describe('a site that moves', () => {
  it('is refused the URL of another site, and stays as it is', async () => {
    const api = await withSites(['a', 'b']);
    const refused = await move(api, 2, 'a');
    expect([refused.status, refused.body.error.code]).toEqual([409, 'site_exists']);
    expect(refused.body.error.details).toEqual({ site_id: 1, monitor_active: true, removed: false });
    expect((await api.ask('GET', '/api/v1/sites/2')).body).toMatchObject({ monitor_url: urlOf('b'), bucket_no: 0 });
  });

  it('is refused that of a paused or a removed one, and told so', async () => {
    const api = await withSites(['a', 'b', 'c']);
    await api.ask('POST', '/api/v1/sites/1/pause');
    await api.ask('DELETE', '/api/v1/sites/2');
    expect((await move(api, 3, 'a')).body.error.details).toMatchObject({ monitor_active: false, removed: false });
    expect((await move(api, 3, 'b')).body.error.details).toMatchObject({ monitor_active: false, removed: true });
  });

  it('may be sent its own URL as often as anybody likes, also where it shares it', async () => {
    const api = await withSites(['a']);
    const shared = { blog_id: 70, monitor_url: urlOf('a') };
    expect((await api.ask('POST', '/api/v1/sites', { body: shared })).status).toBe(201);
    for (const siteId of [1, 70, 1]) expect((await move(api, siteId, 'a')).status).toBe(200);
    expect((await move(api, 1, 'free')).status).toBe(200);
    expect((await move(api, 1, 'a')).body.error.details.site_id).toBe(70);
  });

  it('learns nothing of sites that are not its tenant’s', async () => {
    const api = await startApi();
    const acme = await callerWith(api, { tenantId: 'acme' });
    const other = await callerWith(api, { tenantId: 'other' });
    await withSites(['a'], acme, api);
    await withSites(['b', 'c'], other, api);
    expect((await move(api, 2, 'a', other)).status).toBe(200);
    expect((await move(api, 3, 'a', other)).body.error.details.site_id).toBe(2);
  });

  it('has a URL to itself, however many move there at once', async () => {
    const api = await withSites(['a', 'b', 'c', 'd']);
    const replies = await Promise.all([
      ...[1, 2, 3, 4].map((siteId) => move(api, siteId, 'wanted')),
      api.ask('POST', '/api/v1/sites', { body: { monitor_url: urlOf('wanted') } }),
    ]);
    expect(replies.map(({ status }) => status).filter((status) => status !== 409)).toHaveLength(1);
    const { body } = await api.ask('GET', '/api/v1/sites?q=wanted');
    expect(body.data).toHaveLength(1);
  });
});

describe('many that are changed together', () => {
  it.each([true, false])('are not given one URL (atomic: %s)', async (atomic) => {
    const api = await withSites(['a', 'b']);
    const changes = { monitor_url: urlOf('c'), check_interval: 7 };
    const refused = await api.ask('POST', '/api/v1/bulk/sites/update', { body: { site_ids: [1, 2], changes, atomic } });
    expect([refused.status, refused.body.error.code]).toEqual([422, 'invalid_field']);
    expect(refused.body.error.message).toContain('changes.monitor_url');
    expect(refused.body.error.details).toEqual({ field: 'changes.monitor_url' });
    expect((await api.ask('GET', '/api/v1/sites?q=c.example')).body.data).toEqual([]);
  });

  it('may be a single one, which is held to the same', async () => {
    const api = await withSites(['a', 'b']);
    const update = (name: string) =>
      api.ask('POST', '/api/v1/bulk/sites/update', { body: { site_ids: [2], changes: { monitor_url: urlOf(name) } } });
    expect((await update('a')).body.results[0].error).toMatchObject({ code: 'site_exists', details: { site_id: 1 } });
    expect((await update('c')).body.results[0].status).toBe('updated');
  });
});
