import { describe, expect, it } from 'vitest';
import { gateWorld, type WorldSite } from '../../../test/kit/gate-world.ts';
import type { EndpointId } from '../../domain/ids.ts';

const believe = (references: string) => ({ kind: 'believe', references });
const blind = { kind: 'unknown', reason: 'network_unproven' };
const held = { kind: 'unknown', reason: 'mass_failure' };

/** The first answer to a look of this site, however long that takes. */
async function judged(world: ReturnType<typeof gateWorld>, site: WorldSite) {
  const answer = world.look(site.id);
  for (let waited = 0; waited < 15_000; waited += 100) {
    world.clock.advance(100);
    await world.settle();
  }
  return answer;
}

/** Sites that are well, each in its own network, that were all looked at. */
async function fleet(of: number, world = gateWorld()) {
  const sites = Array.from({ length: of }, (_, nth) => world.site(`93.${nth % 256}.${nth >> 8}.1`));
  for (const { id } of sites) void world.look(id);
  world.clock.advance(1_000);
  await world.settle();
  return { world, sites };
}

describe('a reply', () => {
  it('needs no proof: it is one', async () => {
    const { world } = await fleet(5);
    world.uplink.lets = () => false;
    const site = world.site('94.1.1.1', { shape: 'answered' });
    expect(world.gate.judge(world.failure(site))).toEqual(believe('not_needed'));
  });
});

describe.each(['silent', 'refused', 'name'] as const)('a failure that is %s', (shape) => {
  it('is believed when others are reached', async () => {
    const { world, sites } = await fleet(5);
    const [site] = sites;
    if (site === undefined) return;
    Object.assign(site, { isUp: false, shape, address: shape === 'name' ? null : site.address });
    expect(await judged(world, site)).toEqual(believe('passed'));
    expect(world.asked.length).toBeGreaterThan(0);
    expect(world.raised).toEqual([]);
  });

  it("is nobody's fault when none of the others is reached either", async () => {
    const { world, sites } = await fleet(5);
    world.uplink.lets = () => false;
    world.uplink.shape = shape;
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
    expect(world.raised).toContain('network_unproven');
    expect(world.gate.stats()).toMatchObject({ open: { network_unproven: true } });
  });

  it('is believed where fewer than two others are known', async () => {
    const { world, sites } = await fleet(2);
    world.uplink.lets = () => false;
    world.uplink.shape = shape;
    expect(await judged(world, sites[0] as WorldSite)).toEqual(believe('too_few'));
    expect(world.asked).toEqual([]);
  });
});

describe('witnesses', () => {
  it('are of other networks: a fleet in one network has none', async () => {
    const world = gateWorld();
    const sites = Array.from({ length: 9 }, (_, nth) => world.site(`93.7.${nth}.1`));
    for (const { id } of sites) void world.look(id);
    world.clock.advance(1_000);
    world.uplink.lets = () => false;
    expect(await judged(world, sites[0] as WorldSite)).toEqual(believe('too_few'));
  });

  it('are found further on when the first that are asked are down, too', async () => {
    const { world, sites } = await fleet(8);
    for (const site of sites.slice(0, 4)) site.isUp = false;
    expect(await judged(world, sites[0] as WorldSite)).toEqual(believe('passed'));
    expect(world.gate.stats().rounds).toBe(2);
  });

  it('come by themselves in a busy fleet, where nobody is asked', async () => {
    const { world, sites } = await fleet(30);
    const dead = sites[0] as WorldSite;
    Object.assign(dead, { isUp: false, shape: 'refused' });
    const answer = world.look(dead.id);
    for (const { id } of sites.slice(1, 4)) world.clock.after(20, () => void world.look(id));
    world.clock.advance(120);
    expect(await answer).toEqual(believe('passed'));
    expect(world.asked).toEqual([]);
  });

  it.each(['silent', 'refused', 'name'] as const)(
    'may be slow: a failure that is %s is believed where all others take four seconds',
    async (shape) => {
      const world = gateWorld();
      const sites = Array.from({ length: 4 }, (_, nth) => world.site(`93.${nth}.1.1`, { rttMs: 4_000 }));
      await world.run(65_000);
      Object.assign(sites[0] as WorldSite, { isUp: false, shape });
      await world.run(120_000);
      expect(world.judged.map(({ judgement }) => judgement)).toContainEqual(believe('passed'));
      expect(world.judged.filter(({ judgement }) => judgement.kind !== 'believe')).toEqual([]);
      expect(world.raised).toEqual([]);
    },
  );

  it('are waited for no longer because one among them is slow', async () => {
    const { world, sites } = await fleet(5);
    const slow = world.site('94.1.1.1', { rttMs: 9_000 });
    void world.look(slow.id);
    world.clock.advance(9_100);
    world.uplink.lets = () => false;
    world.uplink.shape = 'refused';
    const answer = world.look((sites[0] as WorldSite).id);
    let judgement: unknown = null;
    void answer.then((judged) => {
      judgement = judged;
    });
    for (let waited = 0; waited < 4_000; waited += 100) {
      world.clock.advance(100);
      await world.settle();
    }
    expect(judgement).toMatchObject(blind);
  });

  it('that were reached only before the failure prove nothing', async () => {
    const { world, sites } = await fleet(5);
    world.uplink.lets = () => false;
    world.uplink.shape = 'refused';
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
  });

  it('of a retry may be those of a moment ago', async () => {
    const { world, sites } = await fleet(5);
    const dead = sites[0] as WorldSite;
    Object.assign(dead, { isUp: false, shape: 'refused' });
    const retry = world.failure(dead, { isOnset: false });
    expect(world.gate.judge(retry)).toEqual(believe('passed'));
  });

  it('that reach us by IPv4 say nothing of IPv6', async () => {
    const world = gateWorld();
    const six = Array.from({ length: 3 }, (_, nth) => world.site(`2a0${nth}:1::1`));
    const four = Array.from({ length: 5 }, (_, nth) => world.site(`93.${nth}.1.1`));
    for (const { id } of [...six, ...four]) void world.look(id);
    world.clock.advance(1_000);
    world.uplink.lets = (site) => site.address?.includes('.') ?? false;
    expect(await judged(world, six[0] as WorldSite)).toMatchObject(blind);
    (four[0] as WorldSite).isUp = false;
    expect(await judged(world, four[0] as WorldSite)).toEqual(believe('passed'));
  });

  it('that are near say nothing of the internet', async () => {
    const { world, sites } = await fleet(4);
    const near = ['10.1.0.1', '10.2.0.1', '10.3.0.1'].map((address) => world.site(address));
    for (const { id } of near) void world.look(id);
    world.clock.advance(1_000);
    world.uplink.lets = (site) => site.address?.startsWith('10.') ?? false;
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
  });

  it('are asked again later: one outage of hours is never believed', async () => {
    const { world } = await fleet(6);
    world.uplink.lets = () => false;
    await world.run(2 * 3_600_000);
    expect(world.judged.length).toBeGreaterThan(100);
    expect(world.judged.filter(({ judgement }) => judgement.kind !== 'unknown')).toEqual([]);
  });

  it('do not stay those that are down for long: the last one that fails is believed as well', async () => {
    const { world, sites } = await fleet(3);
    for (const site of sites) {
      site.isUp = false;
      expect(await judged(world, site)).toMatchObject({ kind: 'believe' });
    }
  });

  it('can be those of an earlier run', async () => {
    const world = gateWorld();
    const sites = Array.from({ length: 4 }, (_, nth) => world.site(`93.${nth}.1.1`));
    for (const { id, address } of sites) world.gate.remember(id, address, 80);
    world.uplink.lets = () => false;
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
  });

  it('that are watched no more are not waited for the next time', async () => {
    const { world, sites } = await fleet(3);
    for (const { id } of sites.slice(1)) world.sites.delete(id);
    (sites[0] as WorldSite).isUp = false;
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
    world.clock.advance(60_000);
    expect(world.gate.stats().candidates).toBe(1);
  });
});

describe('an outage of our own network', () => {
  it('leaves looks in doubt that began before it was over', async () => {
    const { world, sites } = await fleet(6);
    world.uplink.lets = () => false;
    await judged(world, sites[0] as WorldSite);
    const late = world.look((sites[1] as WorldSite).id);
    world.clock.advance(5_000);
    world.uplink.lets = () => true;
    void world.look((sites[2] as WorldSite).id);
    void world.look((sites[3] as WorldSite).id);
    world.clock.advance(6_000);
    expect(await late).toMatchObject(blind);
    expect(world.gate.stats().open.network_unproven).toBe(false);
    expect(world.calmed).toContain('network_unproven');
  });

  it('makes false alarms of what was believed just before, and not of replies', async () => {
    const { world, sites } = await fleet(6);
    const [a, b, c] = sites as [WorldSite, WorldSite, WorldSite];
    a.isUp = false;
    b.isUp = false;
    b.shape = 'answered';
    void world.look(b.id);
    await judged(world, a);
    world.uplink.lets = () => false;
    await judged(world, c);
    expect(world.suspects).toEqual([{ ids: [a.id], reason: 'network_unproven' }]);
  });

  it('that busy looks show by their silence holds back what timed out in it', async () => {
    const world = gateWorld();
    for (let nth = 0; nth < 600; nth += 1) world.site(`93.${nth % 200}.1.${nth >> 8}`, { intervalMs: 60_000 });
    await world.run(130_000);
    const slow = world.look(1n as EndpointId);
    world.uplink.lets = () => false;
    await world.run(7_000);
    world.uplink.lets = () => true;
    await world.run(4_000);
    await slow;
    expect(world.judged.filter(({ judgement }) => judgement.kind === 'believe')).toEqual([]);
  });

  it('that lasts a minute leaves the word to verifiers, where there are any', async () => {
    const { world, sites } = await fleet(5, gateWorld({ hasVerifiers: true }));
    for (const site of sites) site.isUp = false;
    expect(await judged(world, sites[0] as WorldSite)).toMatchObject(blind);
    world.clock.advance(60_000);
    expect(await judged(world, sites[1] as WorldSite)).toMatchObject({ kind: 'ask_verifiers_only' });
  });
});

describe('a jump of the clock', () => {
  it('voids what failed meanwhile, however it failed, and is told', async () => {
    const { world, sites } = await fleet(5);
    const failed = world.failure(sites[0] as WorldSite, { shape: 'answered' });
    world.clock.advance(100);
    world.clock.jumpWall(-3_600_000);
    expect(world.gate.judge(failed)).toMatchObject({ kind: 'unknown', reason: 'clock_jumped' });
    world.clock.advance(1_000);
    expect(world.raised).toEqual(['clock_jumped']);
    expect(world.gate.judge(world.failure(sites[1] as WorldSite, { shape: 'answered' }))).toEqual(
      believe('not_needed'),
    );
  });
});

describe('failures of many at once', () => {
  it.each(['silent', 'refused', 'name', 'answered'] as const)('that are %s, and ours, are held back', async (shape) => {
    const { world, sites } = await fleet(200);
    world.uplink.lets = () => false;
    world.uplink.shape = shape;
    await world.run(90_000);
    expect(world.gate.stats().open.mass_failure).toBe(true);
    expect(world.raised).toContain('mass_failure');
    const wrong = world.judged.filter(({ judgement }) => judgement.kind === 'believe').map(({ site }) => site.id);
    // What a portal answers is believed until so many do that the brake trips; these are told to be false alarms.
    expect(world.suspects.flatMap(({ ids }) => ids)).toEqual(expect.arrayContaining(wrong));
    expect(wrong.length).toBeLessThanOrEqual(shape === 'answered' ? 20 : 0);
    world.uplink.lets = () => true;
    await world.run(60_000);
    expect(world.gate.stats().open).toEqual({ mass_failure: false, network_unproven: false });
    expect(sites.length).toBe(200);
  });

  it('are left to verifiers where there are any', async () => {
    const { world } = await fleet(200, gateWorld({ hasVerifiers: true }));
    world.uplink.lets = () => false;
    world.uplink.shape = 'answered';
    await world.run(60_000);
    expect(world.judged.at(-1)?.judgement).toMatchObject({ kind: 'ask_verifiers_only' });
  });

  it('of one big host are its own', async () => {
    const { world } = await fleet(100);
    const big = Array.from({ length: 100 }, (_, nth) => world.site(`95.1.${nth}.1`, { shape: 'refused' }));
    await world.run(70_000);
    for (const site of big) site.isUp = false;
    const fromMs = world.clock.monotonicMs();
    await world.run(70_000);
    const answers = world.since(fromMs);
    expect(new Set(answers.map(({ site }) => site.id)).size).toBe(100);
    expect(answers.filter(({ judgement }) => judgement.kind !== 'believe')).toEqual([]);
  });

  it('that are real, as in an import of sites that are partly dead, are believed within two minutes', async () => {
    const world = gateWorld();
    for (let nth = 0; nth < 1_000; nth += 1) {
      const isUp = nth % 12 !== 0;
      world.site(`93.${nth % 250}.1.${nth >> 8}`, {
        isUp,
        shape: nth % 24 === 0 ? 'refused' : 'answered',
        intervalMs: 300_000,
      });
    }
    for (const id of world.sites.keys()) void world.look(id);
    world.clock.advance(500);
    await world.settle();
    expect(world.gate.stats().open.mass_failure).toBe(true);
    await world.run(100_000);
    expect(world.gate.stats().open.mass_failure).toBe(false);
    const fromMs = world.clock.monotonicMs();
    await world.run(300_000);
    expect(world.since(fromMs).filter(({ judgement }) => judgement.kind !== 'believe')).toEqual([]);
    expect(new Set(world.since(fromMs).map(({ site }) => site.id)).size).toBe(84);
  });

  it('are not what a few sites are that come and go for an hour', async () => {
    const world = gateWorld();
    const sites = Array.from({ length: 1_000 }, (_, nth) => world.site(`93.${nth % 250}.1.${nth >> 8}`));
    const flapping = sites.filter((_, nth) => nth % 50 === 0);
    for (let minute = 0; minute < 30; minute += 1) {
      for (const [nth, site] of flapping.entries()) {
        site.isUp = (minute + nth) % 2 === 0;
        site.shape = nth % 2 === 0 ? 'refused' : 'answered';
      }
      await world.run(60_000);
      expect(world.gate.stats().open).toEqual({ mass_failure: false, network_unproven: false });
    }
    expect(world.judged.filter(({ judgement }) => judgement.kind !== 'believe')).toEqual([]);
  }, 120_000);
});

describe('the end', () => {
  it('answers all that wait', async () => {
    const { world, sites } = await fleet(5);
    world.uplink.lets = () => false;
    const answer = world.look((sites[0] as WorldSite).id);
    world.clock.advance(10_100);
    await world.settle();
    expect(world.gate.stats().waiting).toBeGreaterThan(0);
    world.gate.stop();
    expect(await answer).toMatchObject(held);
  });
});

describe('more failures than may wait for proof', () => {
  it('are unknown by themselves: that is no sign of trouble of ours, and the others are believed', async () => {
    const { world, sites } = await fleet(40);
    world.clock.advance(10_000);
    const [failing, ...others] = sites;
    if (failing === undefined) return;
    const later = { ...world.failure(failing), shape: 'refused', isOnset: false } as const;
    const waiting = Array.from({ length: 10_000 }, () => world.gate.judge(later));
    expect(world.gate.stats().waiting).toBe(10_000);
    expect(await world.gate.judge(later)).toMatchObject(blind);
    expect(world.gate.stats().open.network_unproven).toBe(false);
    expect(world.suspects).toEqual([]);
    for (const { id } of others.slice(0, 4)) void world.look(id);
    world.clock.advance(1_000);
    await world.settle();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => believe('passed')));
  });
});
