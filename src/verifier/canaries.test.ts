import { describe, expect, it } from 'vitest';
import { panelOver, questionFor } from '../../test/kit/verifiers.ts';
import type { RemoteQuestion } from './client.ts';

const UP = 'https://healthy.example/';
const EVERY_SECOND = { firstMs: [1_000, 1_000], everyMs: [1_000, 1_000] } as const;
const withCanaries = { canaries: EVERY_SECOND, knownUp: () => UP };

const isUnknown = ({ url }: RemoteQuestion) => new URL(url).hostname.endsWith('.invalid');
const honest = (question: RemoteQuestion) => (isUnknown(question) ? 'down' : 'up');

describe('canaries', () => {
  it('ask each verifier about a name that cannot exist, another one each time, and about an endpoint that passed', async () => {
    const { double, pass } = panelOver({ a: honest, b: honest, c: honest }, withCanaries);
    await pass(5_200, 100);
    for (const name of ['a', 'b', 'c']) {
      const urls = double(name)
        .requests.flat()
        .map(({ url }) => url);
      expect(urls.filter((url) => url === UP)).toHaveLength(5);
      const unknown = urls.filter((url) => url !== UP);
      expect(new Set(unknown).size).toBe(5);
      for (const url of unknown) expect(url).toMatch(/^https:\/\/[a-z]{8,16}\.invalid\/$/);
    }
    const asked = (name: string) =>
      double(name)
        .requests.flat()
        .map(({ requestId: _, ...question }) => question);
    expect(asked('a')).toEqual(asked('b'));
  });

  it('travel with ordinary questions and look like them', async () => {
    const { panel, double, pass, clock } = panelOver({ a: honest }, withCanaries);
    await pass(990, 10);
    void panel.ask(questionFor('https://ordinary.example/'));
    clock.advance(10);
    await pass(100);
    expect(double('a').requests.map((request) => request.length)).toEqual([1, 1, 1]);
    for (const question of double('a').requests.flat()) {
      expect(question).toMatchObject({ timeoutMs: 10_000, requestId: expect.stringMatching(/^[0-9a-f]{32}$/) });
      expect(question.siteId).toBeGreaterThan(0n);
    }
  });

  it('come about once a minute, and do without an endpoint that passed', async () => {
    const knownUp = () => {
      throw new Error('none');
    };
    const { double, pass, panel } = panelOver(
      { a: honest },
      { knownUp, canaries: { firstMs: [2e3, 1e4], everyMs: [45e3, 75e3] } },
    );
    await pass(600_000, 1_000);
    const asked = double('a').requests.flat().length;
    expect(asked).toBeGreaterThanOrEqual(8);
    expect(asked).toBeLessThanOrEqual(14);
    expect(panel.report().outcomes).toEqual({ confirmed: 0, refuted: 0, regional: 0, no_verdict: 0 });
  });

  it('give honest verifiers good standing, after which one that is alone with a "down" is heard', async () => {
    const { panel, pass, of, double } = panelOver({ a: honest, b: honest, c: honest }, withCanaries);
    const early = panel.ask(questionFor('https://local.example/'));
    await pass(25_000, 100);
    expect(await early).toMatchObject({ outcome: 'refuted' });
    expect(['a', 'b', 'c'].map((name) => of(name).standing)).toEqual(['good', 'good', 'good']);
    double('a').says = (question) => (question.url.includes('local') ? 'down' : honest(question));
    const asked = panel.ask(questionFor('https://local.example/'));
    await pass(100);
    expect(await asked).toMatchObject({ outcome: 'regional', downRegions: ['a'] });
  });
});

describe('a region that alone cannot reach a site', () => {
  it('is heard for as long as that lasts, and its verifier is not taken for a liar', async () => {
    const { panel, pass, of, double, quarantined } = panelOver({ a: honest, b: honest, c: honest }, withCanaries);
    await pass(25_000, 100);
    double('a').says = (question) => (question.url.includes('local') ? 'down' : honest(question));
    for (let at = 0; at < 60; at += 1) {
      const asked = panel.ask(questionFor('https://local.example/'));
      await pass(100);
      expect(await asked).toMatchObject({ outcome: 'regional', downRegions: ['a'] });
    }
    expect([of('a').standing, quarantined]).toEqual(['good', []]);
  });
});

describe('a verifier that lies', () => {
  it('about a name that cannot exist is quarantined the second time, told once, and its votes count for nothing', async () => {
    const { panel, pass, of, quarantined } = panelOver({ a: 'up', b: honest, c: honest }, withCanaries);
    await pass(10_000, 100);
    expect(quarantined).toHaveLength(1);
    expect(quarantined[0]).toEqual(['a', expect.stringContaining('names up that cannot exist')]);
    expect(of('a')).toMatchObject({ standing: 'quarantined', quarantinedWhy: quarantined[0]?.[1] });
    const asked = panel.ask(questionFor('https://one.example/'));
    await pass(100);
    const { outcome, votes } = await asked;
    expect(outcome).toBe('refuted');
    expect(votes.find(({ verifier }) => verifier === 'a')).toMatchObject({ says: 'up', quarantined: true });
  });

  it('that everything is down is caught by an endpoint that the others see up', async () => {
    const { pass, quarantined } = panelOver({ a: 'down', b: honest, c: honest }, withCanaries);
    await pass(30_000, 100);
    expect(quarantined).toEqual([['a', expect.stringContaining('the others found up')]]);
  });

  it('earns its way back when it is right for long enough', async () => {
    const released: string[] = [];
    const onRelease = (name: string) => void released.push(name);
    const { pass, of, double } = panelOver({ a: 'up', b: honest, c: honest }, { ...withCanaries, onRelease });
    await pass(4_000, 100);
    expect(of('a').standing).toBe('quarantined');
    double('a').says = honest;
    await pass(12_000, 100);
    expect(of('a').standing).toBe('unproven');
    expect(released).toEqual(['a']);
  });

  it('is found out even where its quarantine cannot be reported', async () => {
    const onQuarantine = () => {
      throw new Error('the event log is away');
    };
    const { pass, of } = panelOver({ a: 'up', b: honest, c: honest }, { ...withCanaries, onQuarantine });
    await pass(4_000, 100);
    expect(of('a').standing).toBe('quarantined');
  });
});

describe('what is counted of a verifier', () => {
  it('is told anew after each canary, so that silence is known before an outage needs an answer', async () => {
    const failed = { kind: 'failed', reason: 'timeout', detail: 'no reply in time', tookMs: 3 } as const;
    const told: (boolean | null)[] = [];
    const world = panelOver({ a: honest }, { ...withCanaries, onCanary: () => told.push(world.of('a').isAnswering) });
    await world.pass(1_100, 100);
    world.double('a').says = () => failed;
    await world.pass(1_000, 100);
    expect(told).toEqual([true, false]);
  });

  it('keeps canaries apart from votes: neither hides the other', async () => {
    const failed = { kind: 'failed', reason: 'timeout', detail: 'no reply in time', tookMs: 3 } as const;
    const { panel, pass, of, double } = panelOver({ a: honest, b: honest, c: honest }, withCanaries);
    await pass(5_200, 100);
    const nothing = { said: { down: 0, up: 0, none: 0 }, failures: {}, score: null };
    expect(of('a')).toMatchObject({ ...nothing, canaries: { right: 10, wrong: 0 }, canariesWithout: 0 });
    double('a').says = () => failed;
    await pass(1_000, 100);
    expect(of('a')).toMatchObject({ ...nothing, canariesWithout: 2, problem: 'timeout: no reply in time' });
    double('a').says = () => 'down';
    const asked = panel.ask(questionFor('https://one.example/'));
    await pass(100);
    expect(await asked).toMatchObject({ outcome: 'refuted' });
    expect(of('a')).toMatchObject({
      said: { down: 1, up: 0 },
      score: 0,
      canaries: { right: 10, wrong: 0 },
      problem: null,
    });
    expect(of('b')).toMatchObject({ said: { down: 0, up: 1 }, score: null });
  });
});
