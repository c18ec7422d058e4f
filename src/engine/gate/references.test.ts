import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import { gateWorld } from '../../../test/kit/gate-world.ts';
import type { Judgement } from '../../domain/gate.ts';
import type { Observation, Verdict } from '../../domain/verdict.ts';
import { createReferences } from './references.ts';

const URLS = ['https://one.example/', 'https://two.example/', 'https://three.example/'];

const FAR_APART = ['93.1.1.1', '94.1.1.1', '95.1.1.1'];

/** References that answer as they are told to, at once. */
function answering(states: Verdict['state'][], addresses: readonly string[] = FAR_APART) {
  const probed: string[] = [];
  const probe = async (url: string): Promise<Observation> => {
    probed.push(url);
    const nth = URLS.indexOf(url);
    const state = states[nth];
    if (state === undefined) throw new Error('the prober is gone');
    return { ...observed([verdict(state)], 0), address: addresses[nth] ?? null };
  };
  return { states, probed, parts: { urls: URLS, probe } };
}

async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('references', () => {
  function started(states: Verdict['state'][], addresses?: readonly string[]) {
    const clock = createFakeClock();
    const { parts, probed } = answering(states, addresses);
    const references = createReferences({ ...parts, clock, onPass: () => {} });
    return { clock, probed, references };
  }

  it('are looked at once a minute while all is well, and every five seconds while anything fails', async () => {
    const { clock, references, probed } = started(['Up', 'Up', 'Up']);
    const lookFor = async (seconds: number, failing: boolean) => {
      probed.length = 0;
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1_000);
        references.tick(failing);
        await settled();
      }
      return probed.length;
    };
    expect(await lookFor(120, false)).toBe(2 * 3);
    expect(await lookFor(60, true)).toBe(12 * 3);
  });

  it('are looked at at once in a hurry, and not again before two seconds went by', async () => {
    const { clock, references, probed } = started(['Up', 'Up', 'Up']);
    references.hurry();
    await settled();
    references.hurry();
    expect(probed).toHaveLength(3);
    clock.advance(2_000);
    references.hurry();
    expect(probed).toHaveLength(6);
  });

  it.each([
    [['Up', 'Warning', 'Degraded'], true],
    [['Up', 'Up', 'Seems Down'], true],
    [['Up', 'Unknown', 'Seems Down'], false],
    [['Unknown', 'Unknown', 'Unknown'], false],
    [['Up'], false],
  ] as [Verdict['state'][], boolean][])('that are %j prove: %s', async (states, proves) => {
    const { clock, references } = started(states);
    clock.advance(1_000);
    const beforeMs = clock.monotonicMs();
    references.hurry();
    await settled();
    expect(references.prove(beforeMs)).toBe(proves);
    expect(references.prove(clock.monotonicMs() + 1)).toBe(false);
    clock.advance(10_001);
    expect(references.prove(beforeMs)).toBe(false);
  });

  it.each([
    ['in one network', ['93.1.1.1', '93.1.2.2', '93.1.3.3'], false],
    ['in two', ['93.1.1.1', '93.1.2.2', '94.1.1.1'], true],
    ['near ones in two, where one is elsewhere', ['10.1.1.1', '192.168.1.1', '93.1.1.1'], false],
    ['near ones in two, where one was never reached', ['10.1.1.1', '192.168.1.1'], false],
    ['near ones in two, where all are', ['10.1.1.1', '10.1.1.2', '192.168.1.1'], true],
  ])('prove what is reached %s: %j, %s', async (_where, addresses, proves) => {
    const states = URLS.map((_, nth) => (addresses[nth] === undefined ? ('Unknown' as const) : ('Up' as const)));
    const { clock, references } = started(states, addresses);
    clock.advance(1_000);
    references.hurry();
    await settled();
    expect(references.prove(clock.monotonicMs())).toBe(proves);
  });

  it('that never come back are looked at again', () => {
    const clock = createFakeClock();
    let probes = 0;
    const probe = () => {
      probes += 1;
      return new Promise<Observation>(() => {});
    };
    const references = createReferences({ urls: URLS.slice(0, 2), probe, clock, onPass: () => {} });
    for (let second = 0; second < 60; second += 1) {
      references.tick(true);
      clock.advance(1_000);
    }
    expect(probes).toBe(2 * 4);
  });
});

describe('a gate with references', () => {
  async function judgedBy(states: Verdict['state'][], networks: number) {
    const references = answering(states);
    const world = gateWorld({ references: references.parts });
    const sites = Array.from({ length: networks }, (_, nth) => world.site(`93.${nth}.1.1`));
    for (const { id } of sites) void world.look(id);
    world.clock.advance(1_000);
    await world.settle();
    world.uplink.lets = () => false;
    let judgement: Judgement | null = null;
    const [first] = sites;
    if (first === undefined) throw new Error('a site is needed');
    void world.look(first.id).then((answer) => {
      judgement = answer;
    });
    for (let waited = 0; waited < 15_000; waited += 100) {
      world.clock.advance(100);
      await settled();
    }
    return { world, judgement };
  }

  it('believes a failure when they pass, though no other site does', async () => {
    expect((await judgedBy(['Up', 'Up', 'Seems Down'], 5)).judgement).toEqual({
      kind: 'believe',
      references: 'passed',
    });
    expect((await judgedBy(['Up', 'Up', 'Up'], 1)).judgement).toEqual({ kind: 'believe', references: 'passed' });
  });

  it('believes nothing when they fail, too, however few sites there are', async () => {
    const { world, judgement } = await judgedBy(['Seems Down', 'Unknown', 'Up'], 1);
    expect(judgement).toMatchObject({ kind: 'unknown', reason: 'network_unproven' });
    expect(world.gate.stats()).toMatchObject({ open: { network_unproven: true }, references: { passing: 1, of: 3 } });
  });

  it('is not kept from seeing by references that are down themselves', async () => {
    const references = answering(['Seems Down', 'Seems Down', 'Seems Down']);
    const world = gateWorld({ references: references.parts });
    const sites = Array.from({ length: 5 }, (_, nth) => world.site(`93.${nth}.1.1`));
    await world.run(200_000);
    for (const site of sites.slice(0, 2)) Object.assign(site, { isUp: false, shape: 'answered' });
    const believed = () => {
      const some = world.judged.filter(({ judgement }) => judgement.kind === 'believe');
      return new Set(some.map(({ site }) => site.id)).size;
    };
    await world.run(90_000);
    expect(believed()).toBe(0);
    await world.run(90_000);
    expect(world.raised).toContain('references_failing');
    expect(believed()).toBe(2);
  });

  it('believes a lone site when its references are gone for good, and not when the network is', async () => {
    for (const isGone of [true, false]) {
      const references = answering(['Up', 'Up', 'Up']);
      const world = gateWorld({ references: references.parts });
      const site = world.site('93.1.1.1');
      await world.run(120_000);
      references.states.fill('Seems Down');
      if (isGone) await world.run(700_000);
      Object.assign(site, { isUp: false, shape: 'answered' });
      await world.run(600_000);
      const believed = world.judged.filter(({ judgement }) => judgement.kind === 'believe');
      expect(believed.length > 0, `gone: ${isGone}`).toBe(isGone);
    }
  });

  it.each(['answered', 'silent'] as const)(
    'believes no failure of a portal that answers for all: %s',
    async (shape) => {
      const references = answering(['Up', 'Up', 'Up']);
      const world = gateWorld({ references: references.parts });
      const sites = Array.from({ length: 10 }, (_, nth) => world.site(`93.${nth}.1.1`));
      await world.run(61_000);
      // Half of them fail like this, and what it says to the others is no page of theirs either.
      const isHalf = (id: bigint) => id % 2n === 0n;
      for (const site of sites) Object.assign(site, { isUp: false, shape: isHalf(site.id) ? shape : 'answered' });
      references.states.fill('Seems Down');
      await world.run(180_000);
      expect(world.judged.length).toBeGreaterThan(50);
      expect(world.judged.filter(({ judgement }) => judgement.kind === 'believe')).toEqual([]);
      expect(world.raised).toContain('network_unproven');
      references.states.fill('Up');
      await world.run(90_000);
      const believed = world.judged.filter(({ judgement }) => judgement.kind === 'believe');
      expect(new Set(believed.map(({ site }) => site.id)).size).toBe(10);
      expect(world.gate.stats().open.network_unproven).toBe(false);
    },
  );

  it('believes a failure of any shape soon, however often others fail meanwhile', async () => {
    const references = answering(['Up', 'Up', 'Down' as never]);
    const world = gateWorld({ references: references.parts });
    const sites = Array.from({ length: 12 }, (_, nth) => world.site(`93.${nth % 3}.1.${nth}`));
    await world.run(61_000);
    for (const [nth, site] of sites.entries()) {
      Object.assign(site, { isUp: false, shape: (['answered', 'refused', 'name'] as const)[nth % 3] });
      void world.look(site.id);
      await world.run(700);
    }
    await world.run(4_000);
    const wrong = world.judged.filter(({ judgement }) => judgement.kind !== 'believe');
    expect(wrong).toEqual([]);
    expect(new Set(world.judged.map(({ site }) => site.id)).size).toBe(12);
  });
});
