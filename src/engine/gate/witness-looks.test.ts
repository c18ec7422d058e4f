/** Looks for the sake of others, and what a look that failed is worth as a witness. */
import { describe, expect, it } from 'vitest';
import { fleetEngine } from '../../../test/kit/fleet-engine.ts';
import { gateWorld } from '../../../test/kit/gate-world.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';

describe('a site that is being confirmed', () => {
  it('is not looked at for the sake of another, so it is not Down sooner than its retries say', async () => {
    const bench = await fleetEngine(3);
    await bench.engine.start();
    await bench.run(1_000);
    const [a, b] = [bench.site(0), bench.site(1)];
    a.fares = 'answered';
    b.fares = 'refused';
    const { signal } = new AbortController();
    void bench.engine.lookNow(a.endpoint, signal, EVERY_SITE);
    await bench.run(200);
    // It waits for proof, and those that may give it are asked.
    void bench.engine.lookNow(b.endpoint, signal, EVERY_SITE);
    await bench.run(8_000);
    const [event] = (await bench.events()).filter(({ siteId }) => siteId === a.endpoint.siteId);
    expect(event).toMatchObject({ state: 'Down' });
    const looks = bench.looksAt(0).map(({ wallMs }) => wallMs - (event?.startedAtMs ?? 0));
    const [, second = 0, third = 0] = looks.filter((ms) => ms >= 0);
    expect(second).toBeGreaterThanOrEqual(2_000);
    expect(third).toBeGreaterThanOrEqual(5_000);
  }, 60_000);
});

describe('a reply that is a failure', () => {
  it('is no proof for others: whatever answers in the place of sites answers for all', async () => {
    const world = gateWorld();
    const sites = Array.from({ length: 6 }, (_, nth) => world.site(`93.${nth}.1.1`));
    for (const { id } of sites) void world.look(id);
    world.clock.advance(1_000);
    await world.settle();
    for (const site of sites) Object.assign(site, { isUp: false, shape: 'answered' });
    const [dead] = sites;
    if (dead === undefined) throw new Error('a site is needed');
    dead.shape = 'refused';
    const judged = world.look(dead.id);
    for (let waited = 0; waited < 6_000; waited += 100) {
      world.clock.advance(100);
      await world.settle();
    }
    expect(world.asked.length).toBeGreaterThan(0);
    expect(await judged).toMatchObject({ kind: 'unknown', reason: 'network_unproven' });
  });
});
