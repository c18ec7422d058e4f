import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { importSiteTenants, readSiteTenants, type SiteTenant } from './import-site-tenants.ts';

const pair = (tenantId: string, siteId: bigint): SiteTenant => ({ tenantId, siteId: siteId as SiteId });

async function tenantsAt(nowMs: number) {
  const db = await temporaryDatabase();
  const time = { nowMs };
  const rows = () =>
    db.kysely.selectFrom('jetmon_site_tenants').selectAll().orderBy('tenant_id').orderBy('blog_id').execute();
  const bring = (pairs: readonly SiteTenant[], options: { source?: string; dryRun?: boolean } = {}) =>
    importSiteTenants({ db, clock: { nowMs: () => time.nowMs } }, pairs, { source: 'test', dryRun: false, ...options });
  return { db, time, rows, bring };
}

describe('a list of who may see which site', () => {
  it.each([
    ['acme,1\nbeta,2\n'],
    ['tenant_id,blog_id\nacme,1\nbeta,2'],
    ['\uFEFFTenant_ID , Blog_ID\r\n\r\n  acme , 1\r\n"beta","2"\r\n\r\n'],
  ])('is read from %j', (text) => {
    expect(readSiteTenants(text)).toEqual({
      ...{ pairs: [pair('acme', 1n), pair('beta', 2n)], duplicates: 0, problems: [], more: 0 },
    });
  });

  it('counts what is said twice once', () => {
    expect(readSiteTenants('acme,1\nacme,1\nacme,2\n"acme",1')).toMatchObject({
      ...{ pairs: [pair('acme', 1n), pair('acme', 2n)], duplicates: 2 },
    });
  });

  it('is told which lines are wrong, and why', () => {
    const text = 'acme,9223372036854775807\nacme\n\na,b,c\n,5\nno spaces,5\nacme,0\nacme,9223372036854775808\nacme,1x';
    const { pairs, problems } = readSiteTenants(text);
    expect(pairs).toEqual([pair('acme', 9223372036854775807n)]);
    expect(problems).toEqual([
      { line: 2, cause: 'it has 1 columns, not 2' },
      { line: 4, cause: 'it has 3 columns, not 2' },
      { line: 5, cause: 'the tenant id is empty' },
      { line: 6, cause: 'the tenant id is not 1 to 64 letters, digits, `_` or `-`' },
      { line: 7, cause: 'the blog id is not a positive 64-bit integer' },
      { line: 8, cause: 'the blog id is not a positive 64-bit integer' },
      { line: 9, cause: 'the blog id is not a positive 64-bit integer' },
    ]);
    const many = readSiteTenants('x\n'.repeat(30));
    expect([many.problems.length, many.more]).toEqual([20, 10]);
  });

  it('takes its names at the head alone', () => {
    expect(readSiteTenants('acme,1\ntenant_id,blog_id').problems).toMatchObject([{ line: 2 }]);
  });
});

describe('bringing it in', () => {
  it('adds and refreshes, and takes nothing away', async () => {
    const { time, rows, bring } = await tenantsAt(1_000);
    expect(await bring([pair('acme', 1n), pair('beta', 2n)])).toEqual({ created: 2, refreshed: 0 });
    time.nowMs = 2_000;
    const again = await bring([pair('acme', 1n), pair('acme', 2n)], { source: 'later' });
    expect(again).toEqual({ created: 1, refreshed: 1 });
    expect(await rows()).toEqual([
      { tenant_id: 'acme', blog_id: 1n, source: 'later', created_at: 1_000n, updated_at: 2_000n },
      { tenant_id: 'acme', blog_id: 2n, source: 'later', created_at: 2_000n, updated_at: 2_000n },
      { tenant_id: 'beta', blog_id: 2n, source: 'test', created_at: 1_000n, updated_at: 1_000n },
    ]);
  });

  it('only counts when it is tried', async () => {
    const { rows, bring } = await tenantsAt(1_000);
    await bring([pair('acme', 1n)]);
    expect(await bring([pair('acme', 1n), pair('acme', 2n)], { dryRun: true })).toEqual({ created: 1, refreshed: 1 });
    expect(await rows()).toHaveLength(1);
  });

  it('is done as a whole or not at all', async () => {
    const { rows, bring } = await tenantsAt(1_000);
    const pairs = Array.from({ length: 450 }, (_, index) => pair(`tenant-${index % 7}`, BigInt(index + 1)));
    expect(await bring(pairs)).toEqual({ created: 450, refreshed: 0 });
    expect(await bring(pairs)).toEqual({ created: 0, refreshed: 450 });
    // No database holds a number like that; the rows of the statements before it must not stay.
    const wrong = [...pairs.map(({ siteId }) => pair('late', siteId)), pair('late', 2n ** 70n)];
    await expect(bring(wrong)).rejects.toThrow();
    expect(await rows()).toHaveLength(450);
  });
});
