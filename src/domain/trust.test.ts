import { describe, expect, it } from 'vitest';
import { seedOf } from '../../test/kit/seeded.ts';
import { lyingVerifiers } from '../../test/model/lying-verifiers.ts';
import { quorumOf } from './quorum.ts';
import { createTrust, MIN_EVIDENCE, type Trust, type Truth } from './trust.ts';
import type { Vote } from './verification.ts';

type Said = Partial<Record<string, Vote['says']>>;

let nextEndpoint = 1n;

function panelOf(names: string) {
  const verifiers = [...names].map((name) => ({ name, region: name }));
  const rule = { regions: [...names], quorum: quorumOf(names.length, null) };
  const trust = createTrust(verifiers, rule);
  const votes = (said: Said): Vote[] =>
    Object.entries(said).map(([name, says = 'none']) => ({
      verifier: name,
      region: name,
      says,
      reason: 'ok',
      httpCode: null,
      errorCode: 0,
      failureClass: null,
      rttMs: null,
      tookMs: 1,
      quarantined: trust.isQuarantined(name),
    }));
  return {
    trust,
    votes,
    /** Each of another endpoint, unless it is said of which. */
    judge: (said: Said, atMs = 0, endpointId = nextEndpoint++) => trust.judge(votes(said), atMs, endpointId),
    canary: (truth: Truth, said: Said, atMs = 0) => trust.judgeCanary(truth, votes(said), atMs),
    of: (name: string) => reportOf(trust, name),
  };
}

function reportOf(trust: Trust, name: string) {
  const found = trust.report().find(({ verifier }) => verifier === name);
  if (found === undefined) throw new Error(`no verifier ${name}`);
  return found;
}

function times(count: number, run: () => void): void {
  for (let at = 0; at < count; at += 1) run();
}

const ALL_UP = { a: 'up', b: 'up', c: 'up' } as const;
const ALL_DOWN = { a: 'down', b: 'down', c: 'down' } as const;

describe('good standing', () => {
  it('wants enough evidence of both kinds', () => {
    const { judge, of, trust } = panelOf('abc');
    expect(of('a')).toMatchObject({ standing: 'unproven', score: null });
    times(MIN_EVIDENCE, () => judge(ALL_DOWN));
    expect(of('a')).toMatchObject({ standing: 'unproven', score: 1 });
    times(MIN_EVIDENCE, () => judge(ALL_UP));
    expect(of('a').standing).toBe('good');
    expect(trust.isGood('a')).toBe(true);
    expect(trust.isGood('nobody')).toBe(false);
  });

  it('is had by honest verifiers from canaries alone', () => {
    const { canary, of } = panelOf('ab');
    times(MIN_EVIDENCE, () => {
      canary('down', { a: 'down', b: 'down' });
      canary('up', { a: 'up', b: 'up' });
    });
    expect(of('a')).toMatchObject({ standing: 'good', canaries: { right: 2 * MIN_EVIDENCE, wrong: 0 } });
  });

  it('is not had by who always says down where most sites are down', () => {
    const { judge, of } = panelOf('abc');
    times(200, () => judge(ALL_DOWN));
    times(10, () => judge({ a: 'down', b: 'up', c: 'up' }));
    expect(of('a').standing).toBe('poor');
    expect(of('a').seen).toEqual({ down: { judged: 64, right: 64 }, up: { judged: 10, right: 0 } });
  });

  it('is lost by a few wrong answers and earned back by right ones', () => {
    const { judge, of } = panelOf('abc');
    times(64, () => {
      judge(ALL_DOWN);
      judge(ALL_UP);
    });
    times(6, () => judge({ a: 'down', b: 'up', c: 'up' }));
    expect(of('a').standing).toBe('good');
    judge({ a: 'down', b: 'up', c: 'up' });
    expect(of('a').standing).toBe('poor');
    times(64, () => judge(ALL_UP));
    expect(of('a').standing).toBe('good');
  });
});

describe('a verification', () => {
  it('tells nothing about a verifier without whom there was no quorum, nor about one that was silent', () => {
    const { judge, of } = panelOf('abc');
    judge({ a: 'down', b: 'down', c: 'up' });
    expect(['a', 'b', 'c'].map((name) => of(name).seen.down.judged)).toEqual([0, 0, 1]);
    judge({ a: 'none', b: 'down', c: 'down' });
    expect(of('a').seen.down.judged).toBe(0);
  });
});

describe('canaries', () => {
  const rightAbout = (rounds: number, { canary }: ReturnType<typeof panelOf>) =>
    times(rounds, () => {
      canary('down', ALL_DOWN);
      canary('up', ALL_UP);
    });

  it('are no part of the agreement in verifications, nor verifications of theirs', () => {
    const panel = panelOf('abc');
    rightAbout(MIN_EVIDENCE, panel);
    expect(panel.of('a')).toMatchObject({ score: null, canaries: { right: 2 * MIN_EVIDENCE, wrong: 0 } });
    expect(panel.of('a').seen).toEqual({ down: { judged: 0, right: 0 }, up: { judged: 0, right: 0 } });
    times(4, () => panel.judge({ a: 'down', b: 'up', c: 'up' }));
    expect(panel.of('a')).toMatchObject({ score: 0, canaries: { right: 2 * MIN_EVIDENCE, wrong: 0 } });
  });

  it('that are all right do not keep who lies of real sites from quarantine, nor in good standing meanwhile', () => {
    const panel = panelOf('abc');
    const turns = Array.from({ length: 20 }, (_, at) => {
      rightAbout(20, panel);
      if (at === 7) expect(panel.of('a').standing).toBe('poor');
      return panel.judge({ a: 'down', b: 'up', c: 'up' });
    }).flat();
    expect(turns).toMatchObject([{ verifier: 'a', to: 'quarantined' }]);
    expect(turns[0]?.why).toContain('20 of the last 20 sites that the others found up');
  });

  it('that are wrong are not outweighed by verifications', () => {
    const panel = panelOf('abc');
    const turns = Array.from({ length: 20 }, () => {
      times(20, () => panel.judge(ALL_UP));
      return panel.canary('up', { a: 'down', b: 'up', c: 'up' });
    }).flat();
    expect(turns).toMatchObject([{ verifier: 'a', to: 'quarantined' }]);
    expect(turns[0]?.why).toContain('20 of the last 20 canaries that the others found up');
  });
});

describe('an endpoint that one region alone cannot reach', () => {
  it('speaks against its verifier once a day, however often it is asked about', () => {
    const { judge, of } = panelOf('abc');
    const alone = { a: 'down', b: 'up', c: 'up' } as const;
    for (let at = 0; at < 100; at += 1) judge(alone, at * 30_000, 7n);
    expect(of('a').seen.up).toEqual({ judged: 1, right: 0 });
    judge(ALL_UP, 3_000_000, 7n);
    judge(alone, 86_400_000, 7n);
    expect(of('a').seen.up).toEqual({ judged: 3, right: 1 });
  });

  it('speaks for its verifiers once an hour: lies are not washed out by one that is asked about again and again', () => {
    const { judge, of } = panelOf('abc');
    for (let at = 0; at < 240; at += 1) judge(ALL_UP, at * 30_000, 7n);
    expect(of('a').seen.up).toEqual({ judged: 2, right: 2 });
  });
});

describe('what is known', () => {
  it('is carried over to a new list, by name; who is new on it starts with nothing', () => {
    const before = panelOf('abc');
    times(20, () => before.judge({ a: 'down', b: 'up', c: 'up' }, 1_234));
    expect(before.of('a')).toMatchObject({ standing: 'quarantined', quarantinedSinceMs: 1_234 });
    const entries = [...'bad'].map((name) => ({ name, region: name === 'b' ? 'elsewhere' : name }));
    const after = createTrust(entries, { regions: ['elsewhere', 'a', 'd'], quorum: 2 }, before.trust.memory());
    expect(after.report()[1]).toEqual(before.of('a'));
    expect(after.report()[0]).toEqual({ ...before.of('b'), region: 'elsewhere' });
    expect(reportOf(after, 'd')).toMatchObject({ standing: 'unproven', score: null });
    expect(after.report()).toHaveLength(3);
  });
});

describe('quarantine', () => {
  it('comes to who disagrees with the quorum of the others, is told once, and says why', () => {
    const { judge, of, trust } = panelOf('abc');
    const turns = Array.from({ length: 40 }, () => judge({ a: 'down', b: 'up', c: 'up' })).flat();
    expect(turns).toHaveLength(1);
    expect(turns[0]).toMatchObject({ verifier: 'a', to: 'quarantined' });
    expect(turns[0]?.why).toContain('20 of the last 20 sites that the others found up');
    expect(trust.isQuarantined('a')).toBe(true);
    expect(trust.isGood('a')).toBe(false);
    expect(of('a')).toMatchObject({ standing: 'quarantined', quarantinedWhy: turns[0]?.why });
  });

  it('comes to who calls names up that cannot exist, the second time', () => {
    const { canary } = panelOf('abc');
    const lying = { ...ALL_DOWN, a: 'up' } as const;
    expect(canary('down', lying)).toEqual([]);
    expect(canary('down', lying)).toMatchObject([{ verifier: 'a', to: 'quarantined' }]);
  });

  it('does not come to who says down of a canary that went down meanwhile', () => {
    const { canary, of } = panelOf('abc');
    times(100, () => canary('up', { a: 'down', b: 'down', c: 'up' }));
    expect(of('a')).toMatchObject({ standing: 'unproven', canaries: { right: 0, wrong: 0 } });
    times(MIN_EVIDENCE, () => canary('up', { a: 'down', b: 'up', c: 'up' }));
    expect(of('a').standing).toBe('quarantined');
  });

  it('ends with a clean run of canaries of both kinds, and everything starts anew', () => {
    const { judge, canary, of } = panelOf('abc');
    times(20, () => judge({ a: 'down', b: 'up', c: 'up' }));
    times(50, () => canary('down', ALL_DOWN));
    times(9, () => canary('up', ALL_UP));
    expect(of('a').standing).toBe('quarantined');
    expect(canary('up', ALL_UP)).toMatchObject([{ verifier: 'a', to: 'released' }]);
    expect(of('a')).toMatchObject({ standing: 'unproven', score: null, quarantinedWhy: null });
    expect(of('a').quarantinedSinceMs).toBeNull();
  });

  it('is broken by no run with a wrong answer in it, and takes twice as long the next time', () => {
    const { judge, canary, of } = panelOf('abc');
    const clean = (rounds: number) =>
      times(rounds, () => {
        canary('down', ALL_DOWN);
        canary('up', ALL_UP);
      });
    times(20, () => judge({ a: 'down', b: 'up', c: 'up' }));
    clean(9);
    canary('up', { a: 'down', b: 'up', c: 'up' });
    clean(9);
    expect(of('a').standing).toBe('quarantined');
    clean(1);
    expect(of('a').standing).toBe('unproven');
    times(20, () => judge({ a: 'down', b: 'up', c: 'up' }));
    clean(19);
    expect(of('a').standing).toBe('quarantined');
    clean(1);
    expect(of('a').standing).toBe('unproven');
  });

  it('does not come to the honest because of liars, who are no quorum', () => {
    const { judge, of } = panelOf('abc');
    times(300, () => judge({ a: 'up', b: 'down', c: 'down' }));
    expect(['b', 'c'].map((name) => of(name).standing)).toEqual(['unproven', 'unproven']);
    expect(of('a').standing).toBe('quarantined');
  });
});

describe('f liars among 2f+1 regions', () => {
  it('get no verdict wrong in 100,000 decisions, whatever they do', async () => {
    const lies = await lyingVerifiers({ seed: seedOf('lying verifiers'), decisions: 100_000 });
    expect(lies).toMatchObject({ wrong: 0, missed: 0, madeUp: 0, honestQuarantined: 0, badSeeds: [] });
    expect(lies.decisions).toBeGreaterThanOrEqual(100_000);
    expect(lies.liarsQuarantined).toBeGreaterThan(0);
    // Those who earned trust first can say of a few sites that their region cannot reach them.
    expect(lies.madeUpByTrusted / lies.decidedUp).toBeLessThan(0.1);
  });
});
