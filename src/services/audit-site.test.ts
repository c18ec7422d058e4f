import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { listAudit } from '../store/audit.ts';
import { createSite } from './create-site.ts';
import { deleteSite } from './delete-site.ts';
import type { ServiceDeps } from './deps.ts';
import { updateSite } from './update-site.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };

async function details(deps: ServiceDeps): Promise<(string | null)[]> {
  const span = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 100 };
  return (await listAudit(deps.database.kysely, EVERY_SITE, span)).map(({ detail }) => detail);
}

describe('the trail of a site', () => {
  it('tells each change once, and nothing of what stayed as it was', async () => {
    const deps = await startApi();
    const { siteId } = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: true, intervalSeconds: 300 });
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { url: 'https://b.example/', intervalSeconds: 600 });
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    expect(await details(deps)).toEqual([
      'URL added: https://a.example/',
      'site paused',
      'site resumed',
      'URL changed from https://a.example/ to https://b.example/; settings changed: intervalSeconds',
      'site removed',
    ]);
  });

  it('names a secret setting that changed, never its value', async () => {
    const deps = await startApi();
    const { siteId } = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
    const plan = { headers: [['authorization', 'Bearer canary']] as const, keyword: null };
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { plan });
    const rows = await deps.database.kysely.selectFrom('jetmon_audit_log').selectAll().execute();
    expect(rows[1]).toMatchObject({ detail: 'settings changed: headers', metadata: '{"changed":["headers"]}' });
    expect(rows.map((row) => `${row.detail} ${row.metadata}`).join()).not.toContain('canary');
  });

  it('has nothing of a change that was taken back', async () => {
    const deps = await startApi();
    const { siteId, first } = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
    await createSite(deps, POLICY, EVERY_SITE, { siteId, url: 'https://a.example/more' });
    const elsewhere = { url: 'https://a.example/more', active: false };
    await expect(updateSite(deps, POLICY, EVERY_SITE, siteId, elsewhere)).rejects.toMatchObject({
      code: 'site_exists',
    });
    await expect(createSite(deps, POLICY, EVERY_SITE, { siteId, url: first.url })).rejects.toMatchObject({
      code: 'site_exists',
    });
    expect(await details(deps)).toEqual(['URL added: https://a.example/', 'URL added: https://a.example/more']);
  });

  it('is part of the transaction: where it cannot be written, nothing is done', async () => {
    const deps = await startApi();
    await deps.database.kysely.schema.alterTable('jetmon_audit_log').renameTo('elsewhere').execute();
    await expect(createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' })).rejects.toThrow();
    expect(await deps.endpoints.all(EVERY_SITE)).toEqual([]);
  });
});
