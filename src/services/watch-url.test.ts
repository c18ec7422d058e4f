import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { NO_OVERRIDES } from '../domain/probe-plan.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { deleteSite } from './delete-site.ts';
import { findSite } from './find-site.ts';
import { updateSite } from './update-site.ts';
import { watchUrl } from './watch-url.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const WANTED = { url: 'https://a.example', intervalSeconds: 60 };

describe('watching a URL', () => {
  it('creates its site once, and then finds that it is there', async () => {
    const deps = await startApi();
    const created = await watchUrl(deps, POLICY, WANTED);
    expect(created.outcome).toBe('created');
    expect(await watchUrl(deps, POLICY, { ...WANTED, intervalSeconds: 900 })).toEqual({
      ...created,
      outcome: 'exists',
    });
    expect(await findSite(deps, EVERY_SITE, created.siteId)).toMatchObject({
      active: true,
      first: { intervalSeconds: 60 },
    });
  });

  it('leaves a paused site paused: a start of the server does not undo what an operator did', async () => {
    const deps = await startApi();
    const { siteId } = await watchUrl(deps, POLICY, WANTED);
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    const resumed = await watchUrl(deps, POLICY, { ...WANTED, intervalSeconds: 900 });
    expect(resumed).toEqual({ siteId, outcome: 'paused' });
    expect(await findSite(deps, EVERY_SITE, siteId)).toMatchObject({ active: false, first: { intervalSeconds: 60 } });
  });

  it('takes a removed site back under its number, with the interval that was asked for now', async () => {
    const deps = await startApi();
    const { siteId } = await watchUrl(deps, POLICY, WANTED);
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    const resumed = await watchUrl(deps, POLICY, { ...WANTED, intervalSeconds: 900 });
    expect(resumed).toEqual({ siteId, outcome: 'resumed', was: 'removed' });
    expect(await findSite(deps, EVERY_SITE, siteId)).toMatchObject({
      active: true,
      removedAtMs: null,
      first: { intervalSeconds: 900 },
    });
    expect(await deps.endpoints.all(EVERY_SITE)).toHaveLength(1);
  });

  it('takes a removed site back without the settings and secrets it had', async () => {
    const deps = await startApi();
    const { siteId } = await watchUrl(deps, POLICY, WANTED);
    const plan = { keyword: 'Welcome', headers: [['X-Token', 'canary']] as [string, string][], http2: true };
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { timeoutSeconds: 3, plan });
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    await watchUrl(deps, POLICY, WANTED);
    expect((await findSite(deps, EVERY_SITE, siteId)).first).toMatchObject({
      timeoutSeconds: null,
      plan: NO_OVERRIDES,
    });
  });

  it('passes every other refusal on', async () => {
    const deps = await startApi();
    await expect(watchUrl(deps, POLICY, { ...WANTED, url: 'ftp://a.example/' })).rejects.toMatchObject({
      code: 'invalid_url',
    });
    await expect(watchUrl(deps, POLICY, { ...WANTED, intervalSeconds: 1 })).rejects.toMatchObject({
      code: 'invalid_field',
    });
    expect(await deps.endpoints.all(EVERY_SITE)).toEqual([]);
  });
});
