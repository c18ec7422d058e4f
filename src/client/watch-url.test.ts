import { describe, expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import type { SiteSettings } from '../contracts/sites.ts';
import { createClient } from './client.ts';

const WANTED = { url: 'https://a.example', intervalSeconds: 60 };

async function connected() {
  const api = await startApi();
  return createClient({ baseUrl: api.address, token: LOCAL_KEY });
}

describe('watching a URL through the API', () => {
  it('creates its site, then finds it, then resumes it after a pause or a removal', async () => {
    const { sites } = await connected();
    const created = await sites.watch(WANTED);
    const { siteId } = created;
    expect(created).toMatchObject({ outcome: 'created', site: { monitor_url: 'https://a.example/' } });
    expect(await sites.watch(WANTED)).toEqual({ outcome: 'exists', siteId });

    await sites.pause(siteId);
    const resumed = await sites.watch({ ...WANTED, intervalSeconds: 300 });
    const site = { id: siteId, monitor_active: true, removed_at: null, check_interval_seconds: 60 };
    expect(resumed).toMatchObject({ outcome: 'resumed', was: 'paused', siteId, site });

    await sites.remove(siteId);
    const again = await sites.watch({ ...WANTED, intervalSeconds: 300 });
    expect(again).toMatchObject({ was: 'removed', siteId, site: { ...site, check_interval_seconds: 300 } });
  });

  it('gives a site the settings that were asked for when it is new or was removed, and leaves it its own otherwise', async () => {
    const { sites } = await connected();
    const asked = (check_keyword: string) => sites.watch({ ...WANTED, settings: { check_keyword } });
    const { siteId } = await asked('one');
    const keyword = async () => (await sites.get(siteId)).check_keyword;
    expect(await keyword()).toBe('one');
    expect((await asked('two')).outcome).toBe('exists');
    await sites.pause(siteId);
    expect((await asked('three')).outcome).toBe('resumed');
    expect(await keyword()).toBe('one');
    await sites.remove(siteId);
    expect(await asked('four')).toMatchObject({ outcome: 'resumed', was: 'removed', site: { check_keyword: 'four' } });
  });

  it('gives a removed site nothing of what it had: neither its rules nor its secrets', async () => {
    const { sites } = await connected();
    const had: SiteSettings = {
      request_method: 'GET',
      detection_profile: 'full',
      redirect_policy: 'fail',
      expected_status: '401',
      check_keyword: 'one',
      forbidden_keyword: 'two',
      forbidden_keywords: ['three'],
      custom_headers: { 'X-Token': 'canary' },
      http2: true,
      timeout_seconds: 3,
    };
    const { siteId } = await sites.watch({ ...WANTED, settings: had });
    await sites.remove(siteId);
    await sites.watch({ ...WANTED, settings: { http2: true } });
    const again = await sites.get(siteId);
    const { siteId: otherId } = await sites.watch({ url: 'https://b.example', intervalSeconds: 60 });
    const untouched = await sites.get(otherId);
    const members = ['timeout_seconds', 'custom_header_names', ...Object.keys(had)] as (keyof typeof again)[];
    const settingsOf = (site: typeof again) =>
      Object.fromEntries(members.filter((name) => name in site).map((name) => [name, site[name]]));
    expect(settingsOf(again)).toEqual({ ...settingsOf(untouched), http2: true });
    expect(again.custom_header_names).toEqual([]);
  });

  it('passes every other refusal on', async () => {
    const { sites } = await connected();
    await expect(sites.watch({ ...WANTED, url: 'ftp://a.example/' })).rejects.toMatchObject({ code: 'invalid_url' });
  });
});
