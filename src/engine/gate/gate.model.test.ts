/**
 * Random fleets, random outages of sites and of our own network, and the truth beside them: a confusion matrix that must
 * stay empty where it counts, in both directions.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateWorld, type Judged } from '../../../test/kit/gate-world.ts';
import type { FailureShape } from '../../domain/verdict.ts';

const shapes = fc.constantFrom<FailureShape>('silent', 'refused', 'name');

const fleets = fc.record({
  size: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 2, max: 2_000 })),
  networks: fc.integer({ min: 1, max: 300 }),
  intervalMs: fc.constantFrom(60_000, 300_000),
  hasVerifiers: fc.boolean(),
});

function worldOf({
  size,
  networks,
  intervalMs,
  hasVerifiers,
}: typeof fleets extends fc.Arbitrary<infer T> ? T : never) {
  const world = gateWorld({ hasVerifiers });
  for (let nth = 0; nth < size; nth += 1) {
    const network = nth % networks;
    world.site(`93.${network % 256}.${nth >> 8}.${nth & 255}`.replace(/^93/, network > 255 ? '94' : '93'), {
      intervalMs,
    });
  }
  return world;
}

const isBelieved = ({ judgement }: Judged) => judgement.kind === 'believe';
const runs = { numRuns: Number(process.env['JETMON_TEST_RUNS'] || 20) };

describe('a random fleet', () => {
  it('is never blamed while our own network is down, where two others can be asked', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fleets, shapes, fc.integer({ min: 5, max: 900 }), async (fleet, shape, seconds) => {
        const world = worldOf(fleet);
        await world.run(fleet.intervalMs + 1_000);
        const downMs = world.clock.monotonicMs();
        Object.assign(world.uplink, { shape, lets: () => false });
        await world.run(seconds * 1000);
        const wrong = world.since(downMs).filter(isBelieved);
        if (Math.min(fleet.size, fleet.networks) >= 3) expect(wrong).toEqual([]);
        else
          expect(wrong.every(({ judgement }) => 'references' in judgement && judgement.references === 'too_few')).toBe(
            true,
          );
        world.uplink.lets = () => true;
        await world.run(90_000);
        const laterMs = world.clock.monotonicMs();
        await world.run(fleet.intervalMs);
        expect(world.since(laterMs)).toEqual([]);
        expect(world.gate.stats().open).toEqual({ network_unproven: false, mass_failure: false });
      }),
      runs,
    );
  });

  it('is told what is down before long while our own network works, however much that is', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fleets, shapes, fc.double({ min: 0, max: 1, noNaN: true }), async (fleet, shape, share) => {
        const world = worldOf({ ...fleet, hasVerifiers: false });
        await world.run(fleet.intervalMs + 1_000);
        const downMs = world.clock.monotonicMs();
        const sites = [...world.sites.values()];
        // One network at the least goes on: where nothing at all is reached, nobody could tell.
        const alive = new Set(sites.filter((_, nth) => nth % fleet.networks === 0));
        const dead = sites.filter((site, nth) => !alive.has(site) && nth < share * sites.length);
        for (const site of dead) Object.assign(site, { isUp: false, shape });
        await world.run(fleet.intervalMs + 240_000);
        const believed = new Set(
          world
            .since(downMs)
            .filter(isBelieved)
            .map(({ site }) => site.id),
        );
        expect(dead.filter(({ id }) => !believed.has(id))).toEqual([]);
        const laterMs = world.clock.monotonicMs();
        await world.run(60_000);
        expect(world.since(laterMs).filter((one) => !isBelieved(one))).toEqual([]);
      }),
      runs,
    );
  });

  it('is never blamed for packets that get lost, beyond what is told to be a false alarm', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fleets, fc.integer(), async (fleet, seed) => {
        const size = Math.max(fleet.size, 400);
        const world = worldOf({ ...fleet, size, networks: Math.max(20, fleet.networks), intervalMs: 60_000 });
        await world.run(61_000);
        let state = seed;
        world.uplink.lets = () => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          return state >= 0.3 * 2 ** 32;
        };
        await world.run(180_000);
        const wrong = world.judged.filter(isBelieved).map(({ site }) => site.id);
        const told = new Set(world.suspects.flatMap(({ ids }) => ids));
        expect(wrong.filter((id) => !told.has(id))).toEqual([]);
        expect(world.gate.stats().open.mass_failure).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});
