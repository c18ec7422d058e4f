import type { KyselyPlugin } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { earlierSettings } from './earlier-settings.ts';

const SITE = 7n as SiteId;
const MANY = 450;

/** A site with many endpoints, every second one paused, and every third with a window of its own. */
async function largeSite() {
  const store = await temporaryStore();
  const window = { startMs: 1_000, endMs: 2_000 };
  await store.db.transaction(async (tx) => {
    for (let index = 0; index < MANY; index += 1) {
      const url = `https://a.example/${index}`;
      const wanted = { siteId: SITE, url, active: index % 2 === 0, bucketNo: 0, intervalSeconds: 300 };
      const maintenance = index % 3 === 0 ? window : null;
      await store.endpoints.create(EVERY_SITE, { ...wanted, maintenance, plan: { keyword: 'kept' } }, tx);
    }
  });
  const read = () => store.endpoints.bySite(EVERY_SITE, SITE);
  return { ...store, window, read };
}

function counter() {
  let count = 0;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      count += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { plugin, count: () => count };
}

describe('a change of many endpoints', () => {
  it('takes a few statements, and is that of each of them', async () => {
    const { db, endpoints, window, read } = await largeSite();
    const before = await read();
    const ids = before.map(({ endpointId }) => endpointId);
    const statements = counter();
    const patch = { active: false, intervalSeconds: 60, timeoutSeconds: 3, bucketNo: 9, maintenance: window };
    await db.transaction((tx) => endpoints.updateAll(EVERY_SITE, ids, patch, tx.withPlugin(statements.plugin)));
    // Of 200 endpoints each: what they are, notes, the registry, settings with and without a window, and upkeep.
    expect(statements.count()).toBeLessThanOrEqual(8 * Math.ceil(MANY / 200));
    const after = await read();
    for (const [index, endpoint] of after.entries()) {
      const was = before[index];
      expect(endpoint).toMatchObject({ ...patch, url: was?.url, plan: { keyword: 'kept' } });
      // The same window once more stands since it was set first.
      if (was?.maintenance !== null) expect(endpoint.maintenanceSetAtMs).toBe(was?.maintenanceSetAtMs);
    }
    const noted = await earlierSettings(db.kysely, EVERY_SITE, SITE, 0);
    const states = ids.map((id) => noted?.endpoints.get(id)?.map(({ state, intervalMs }) => [state, intervalMs]));
    expect(states[0]).toEqual([
      ['absent', 300_000],
      ['watched', 300_000],
    ]);
    expect(states[1]?.[1]).toEqual(['paused', 300_000]);
    expect(states.every((each) => each?.length === 2)).toBe(true);
  });

  it('leaves out what is not there, or not for the caller', async () => {
    const { endpoints, addEndpoint, db } = await temporaryStore();
    const { endpointId, siteId } = await addEndpoint();
    const tenant = { kind: 'tenant', tenantId: 'other' } as const;
    await endpoints.updateAll(tenant, [endpointId], { intervalSeconds: 75 });
    await endpoints.updateAll(EVERY_SITE, [], { intervalSeconds: 75 });
    expect((await endpoints.byId(EVERY_SITE, endpointId))?.intervalSeconds).not.toBe(75);
    expect(await endpoints.countBySites(tenant, [siteId])).toEqual(new Map());
    expect(await endpoints.countBySites(EVERY_SITE, [siteId, SITE])).toEqual(new Map([[siteId, 1]]));
    expect(await earlierSettings(db.kysely, EVERY_SITE, siteId, 0)).toMatchObject({ rules: [] });
  });
});
