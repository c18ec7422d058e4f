/** Checks that an endpoint does without. */
import { describe, expect, it } from 'vitest';
import { testEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { insertCheck } from '../store/site-checks.ts';

const expiring = () => [verdict('Up'), verdict('Warning', 'tls_expiry')];

type Store = Awaited<ReturnType<typeof temporaryStore>>;

async function watching(store: Store, parts = {}) {
  const endpoint = await store.addEndpoint();
  const bench = await testEngine({ store, parts });
  bench.prober.script(expiring);
  return { ...bench, endpoint };
}

async function disable({ db }: Store, { siteId }: { siteId: Awaited<ReturnType<Store['addEndpoint']>>['siteId'] }) {
  const setting = { siteId, endpointId: null, checkType: 'tls_expiry', enabled: false };
  await db.transaction((tx) => insertCheck(tx, EVERY_SITE, setting, 1));
}

describe('a check that an endpoint does without', () => {
  it('opens nothing, and what it says costs no more than a healthy look', async () => {
    const store = await temporaryStore();
    const { engine, endpoint, run, open, opIds, runtime } = await watching(store);
    await disable(store, endpoint);
    await engine.start();
    await run(130_000);
    expect(await open()).toEqual(new Map());
    expect(opIds).toEqual([]);
    expect(runtime.latest(endpoint.endpointId)).toMatchObject({ state: 'Up' });
    expect(engine.confirming()).toBe(0);
  });

  it('is let go of when the engine is told, with what the log still holds of it', async () => {
    const store = await temporaryStore();
    const { engine, endpoint, run, open, changed } = await watching(store);
    await engine.start();
    await run(5_000);
    expect(await open()).toEqual(new Map([[endpoint.endpointId, new Map([['tls_expiry', 'Warning']])]]));
    await disable(store, endpoint);
    await changed(endpoint);
    await run(5_000);
    expect(await open()).toEqual(new Map());
  });

  it('is found by the sweep when another program said so', async () => {
    const store = await temporaryStore();
    const { engine, endpoint, run, open } = await watching(store, { reloadEveryMs: 300_000 });
    await engine.start();
    await run(5_000);
    await disable(store, endpoint);
    await run(20_000);
    expect(await open()).toEqual(new Map());
  });
});
