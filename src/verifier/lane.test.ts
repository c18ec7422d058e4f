import { describe, expect, it } from 'vitest';
import { answer, panelOver, questionFor } from '../../test/kit/verifiers.ts';
import { DEFAULT_LANE } from './lane.ts';
import type { PanelQuestion } from './panel.ts';

const site = (at: number, change: Partial<PanelQuestion> = {}) => questionFor(`https://site-${at}.example/`, change);

describe('questions that come together', () => {
  it('share requests only as far as there are more of them than room, and each gets its own answer', async () => {
    const isOdd = (url: string) => Number(/\d+/.exec(url)?.[0]) % 2 === 1;
    const says = ({ url }: { url: string }) => (isOdd(url) ? 'down' : 'up');
    const { panel, double, pass } = panelOver({ a: says, b: says, c: says });
    const asked = Array.from({ length: 250 }, (_, at) => panel.ask(site(at)));
    await pass(100);
    const verifications = await Promise.all(asked);
    for (const [at, { outcome }] of verifications.entries())
      expect(outcome).toBe(at % 2 === 1 ? 'confirmed' : 'refuted');
    for (const name of ['a', 'b', 'c']) {
      const sizes = double(name).requests.map((request) => request.length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(250);
      expect(sizes.length).toBeGreaterThan(DEFAULT_LANE.maxInFlight / 4);
      expect(Math.max(...sizes)).toBeGreaterThan(1);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(DEFAULT_LANE.maxBatch);
    }
    expect(new Set(verifications.map(({ requestId }) => requestId)).size).toBe(250);
  });

  it('go apart when they may take differently long: none waits for a slower one', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' });
    for (let at = 0; at < 6; at += 1) void panel.ask(site(at, { timeoutMs: at % 2 === 0 ? 1_000 : 60_000 }));
    await pass(100);
    for (const request of double('a').requests) expect(new Set(request.map(({ timeoutMs }) => timeoutMs)).size).toBe(1);
    expect(double('a').requests.flat()).toHaveLength(6);
  });

  it('go apart when a site gave us no answer: those that did do not wait for one that hangs', async () => {
    const { panel, double, pass } = panelOver({ a: 'down' });
    for (let at = 0; at < 200; at += 1) void panel.ask(site(at, { mayHang: at % 4 === 0 }));
    await pass(200);
    const isHanging = ({ url }: { url: string }) => Number(/\d+/.exec(url)?.[0]) % 4 === 0;
    for (const request of double('a').requests) expect(new Set(request.map(isHanging)).size).toBe(1);
    expect(double('a').requests.flat()).toHaveLength(200);
  });

  it('about sites that answered are asked at once, however many hang', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'down', c: 'down' });
    for (const name of ['a', 'b', 'c'])
      double(name).delayMs = ({ url }) => (Number(/\d+/.exec(url)?.[0]) < 3_000 ? 10_000 : 10);
    for (let at = 0; at < 3_000; at += 1) void panel.ask(site(at, { mayHang: true }));
    await pass(2_000);
    const answered = Array.from({ length: 20 }, (_, at) => panel.ask(site(3_000 + at)));
    let outcomes: string[] = [];
    void Promise.all(answered).then((all) => {
      outcomes = all.map(({ outcome }) => outcome);
    });
    await pass(500);
    expect(outcomes).toEqual(Array.from({ length: 20 }, () => 'confirmed'));
  });

  it('and go on coming share few requests, as each costs more than a question in it', async () => {
    const { panel, double, pass } = panelOver({ a: 'down' });
    for (let moment = 0; moment < 100; moment += 1) {
      for (let at = 0; at < 5; at += 1) void panel.ask(site(moment * 5 + at));
      await pass(10);
    }
    await pass(100);
    expect(double('a').requests.flat()).toHaveLength(500);
    expect(double('a').requests.length).toBeLessThan(50);
  });

  it('that are few go each alone: none waits for a site that hangs', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' });
    for (let at = 0; at < 5; at += 1) void panel.ask(site(at));
    await pass(100);
    expect(double('a').requests.map((request) => request.length)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a verifier that is slow', () => {
  // Three of the requests are for sites that answer.
  const lane = { maxBatch: 10, maxInFlight: 5, capacity: 50, maxWaitMs: 2_000 };

  it('gets no more requests at a time than it may; the rest waits and is asked later', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' }, { lane });
    double('a').delayMs = 500;
    const asked = Array.from({ length: 80 }, (_, at) => panel.ask(site(at)));
    await pass(50);
    const { waiting, verifiers } = panel.report();
    expect(verifiers[0]).toMatchObject({ inFlight: 3 });
    expect(waiting + (verifiers[0]?.waiting ?? 0)).toBe(50);
    await pass(4_000, 100);
    expect((await Promise.all(asked)).every(({ outcome }) => outcome === 'refuted')).toBe(true);
    expect(double('a').mostInFlight).toBe(3);
  });

  it('is asked in the order in which sites failed, and their time begins with their turn', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' }, { lane });
    double('a').delayMs = 1_500;
    const asked = Array.from({ length: 400 }, (_, at) => panel.ask(site(at, { timeoutMs: 2_000 })));
    await pass(30_000, 50);
    const outcomes = (await Promise.all(asked)).map(({ outcome, votes }) => `${outcome} ${votes[0]?.reason}`);
    expect(new Set(outcomes)).toEqual(new Set(['refuted ok']));
    const urls = double('a').requests.flat();
    expect(urls.map(({ url }) => url)).toEqual(Array.from({ length: 400 }, (_, at) => site(at).url));
  });

  it('is not asked what nobody wants to know any more when its turn comes', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' }, { lane });
    double('a').delayMs = 1_000;
    let isWanted = true;
    const asked = Array.from({ length: 80 }, (_, at) => panel.ask(site(at), undefined, () => isWanted));
    await pass(100);
    isWanted = false;
    await pass(5_000, 50);
    expect((await asked[79])?.votes).toMatchObject([{ says: 'none', reason: 'withdrawn' }]);
    expect(double('a').requests.flat().length).toBeLessThan(60);
    expect(panel.report()).toMatchObject({ open: 0, waiting: 0 });
  });

  it('and never answers keeps nobody waiting for more than some minutes: no verdict, and the vote says why', async () => {
    const { panel, pass } = panelOver({ a: 'silent' }, { lane });
    const asked = Array.from({ length: 200 }, (_, at) => panel.ask(site(at)));
    await pass(90_000, 500);
    const all = await Promise.all(asked);
    expect(all.every(({ outcome }) => outcome === 'no_verdict')).toBe(true);
    expect(all[199]).toMatchObject({ votes: [{ says: 'none', reason: 'overloaded' }] });
    expect(panel.report()).toMatchObject({ open: 0, waiting: 0, verifiers: [{ waiting: 0, inFlight: 0 }] });
  });

  it('holds up nobody: the others decide, and what they decided waits for it no longer', async () => {
    const { panel, pass } = panelOver({ a: 'silent', b: 'down', c: 'down' }, { lane });
    const asked = Array.from({ length: 30 }, (_, at) => panel.ask(site(at)));
    await pass(200);
    const more = Array.from({ length: 30 }, (_, at) => panel.ask(site(100 + at)));
    await pass(200);
    const all = await Promise.all([...asked, ...more]);
    expect(all.every(({ outcome }) => outcome === 'confirmed')).toBe(true);
    expect(panel.report().verifiers[0]).toMatchObject({ waiting: 0, inFlight: 3 });
  });
});

describe('a verifier whose machine stalls', () => {
  it('is asked as much as before: how long its looks took it could not tell', async () => {
    const { panel, double, pass } = panelOver({ a: () => ({ ...answer('down'), rttMs: null }) });
    double('a').delayMs = 12_000;
    for (let at = 0; at < 100; at += 1) void panel.ask(site(at, { mayHang: true }));
    await pass(13_000);
    for (let at = 0; at < 300; at += 1) void panel.ask(site(100 + at, { mayHang: true }));
    await pass(2_000);
    expect(double('a').requests.flat()).toHaveLength(400);
  });

  it.each(['before', 'after'])(
    'is asked less when it also turns questions away, told %s what it could not time',
    async (order) => {
      const isBusy = ({ url }: { url: string }) => Number(/\d+/.exec(url)?.[0]) % 2 === (order === 'before' ? 0 : 1);
      const untimed = { ...answer('down'), rttMs: null };
      const busy = { ...untimed, says: 'none' as const, reason: 'verifier_busy' };
      const { panel, double, pass } = panelOver({ a: (question) => (isBusy(question) ? busy : untimed) });
      double('a').delayMs = 3_000;
      for (let at = 0; at < 400; at += 1) void panel.ask(site(at));
      await pass(3_500);
      expect(double('a').requests.flat()).toHaveLength(400);
      for (let at = 400; at < 800; at += 1) void panel.ask(site(at));
      await pass(1_000);
      expect(double('a').requests.flat().length).toBeLessThanOrEqual(600);
    },
  );
});

describe('sites that hang one after another', () => {
  it.each([2, 5, 10, 20])('are all confirmed as soon as they were looked at, also %i a second', async (rate) => {
    const hung = () => ({ ...answer('down'), rttMs: 10_000 });
    const { panel, clock, double, pass } = panelOver({ a: hung, b: hung, c: hung });
    for (const name of ['a', 'b', 'c']) double(name).delayMs = 10_000;
    const took: number[] = [];
    const outcomes = new Map<string, number>();
    for (let at = 0; at < 40 * rate; at += 1) {
      const askedMs = clock.monotonicMs();
      void panel.ask(site(at, { mayHang: true })).then(({ outcome }) => {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        took.push(clock.monotonicMs() - askedMs);
      });
      await pass(1_000 / rate);
    }
    await pass(15_000);
    expect(Object.fromEntries(outcomes)).toEqual({ confirmed: 40 * rate });
    expect(Math.max(...took)).toBeLessThan(12_500);
  });
});

describe('a storm', () => {
  it('of 5,000 sites that fail in the same moment is decided to the last, although one verifier is silent', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'down', c: 'silent' });
    for (const name of ['a', 'b']) double(name).delayMs = 400;
    const asked = Array.from({ length: 5_000 }, (_, at) => panel.ask(site(at)));
    await pass(20_000, 200);
    expect((await Promise.all(asked)).filter(({ outcome }) => outcome === 'confirmed')).toHaveLength(5_000);
    expect(panel.report()).toMatchObject({ open: 0, outcomes: { confirmed: 5_000, no_verdict: 0 } });
    expect(double('a').mostInFlight).toBeLessThanOrEqual(DEFAULT_LANE.maxInFlight);
  });
});
