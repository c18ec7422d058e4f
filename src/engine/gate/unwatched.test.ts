/** What was seen of an endpoint that nobody watches any more, before the engine has heard of that. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../../test/kit/broken-invariants.ts';
import { testEngine } from '../../../test/kit/engine.ts';
import { verdict } from '../../../test/kit/fake-prober.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';

describe('a failure of an endpoint that was changed without a word', () => {
  it.each([
    ['paused', { active: false }],
    ['removed', { active: false, removedAtMs: 5_000 }],
    ['given another URL', { url: 'https://b.example/' }],
  ])('opens nothing once it is %s, and is not retried before its next round', async (_, patch) => {
    const { engine, store, prober, run } = await testEngine();
    const endpoint = await store.addEndpoint();
    await engine.start();
    prober.script(() => [verdict('Seems Down'), verdict('Warning', 'tls_expiry')]);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, patch);
    await run(10_000);
    expect(prober.jobs.length).toBeLessThanOrEqual(2);
    await run(60_000);
    expect(prober.jobs.length).toBeGreaterThanOrEqual(2);
    expect(await store.queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
    expect(await store.endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({ legacyStatus: 1 });
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('is forgotten: what was open before the pause is not open for the engine either', async () => {
    const { engine, store, prober, run } = await testEngine();
    const endpoint = await store.addEndpoint();
    await engine.start();
    prober.script(() => [verdict('Seems Down')]);
    await run(200);
    expect(await store.queries.list(EVERY_SITE, { limit: 10, active: true })).toHaveLength(1);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
    await run(60_000);
    const [event, ...others] = await store.queries.list(EVERY_SITE, { limit: 10 });
    expect(event).toMatchObject({ state: 'Seems Down', transitionCount: 1 });
    expect(others).toEqual([]);
  });
});
