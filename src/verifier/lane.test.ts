import { describe, expect, it } from 'vitest';
import { panelOver, questionFor } from '../../test/kit/verifiers.ts';
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

  it('that are few go each alone: none waits for a site that hangs', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' });
    for (let at = 0; at < 5; at += 1) void panel.ask(site(at));
    await pass(100);
    expect(double('a').requests.map((request) => request.length)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a verifier that is slow', () => {
  const lane = { maxBatch: 10, maxInFlight: 3, capacity: 50, maxWaitMs: 2_000 };

  it('gets no more requests at a time than it may; the rest waits and is asked later', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' }, { lane });
    double('a').delayMs = 500;
    const asked = Array.from({ length: 80 }, (_, at) => panel.ask(site(at)));
    await pass(50);
    expect(panel.report().verifiers[0]).toMatchObject({ inFlight: 3, waiting: 50 });
    await pass(4_000, 100);
    expect((await Promise.all(asked)).every(({ outcome }) => outcome === 'refuted')).toBe(true);
    expect(double('a').mostInFlight).toBe(3);
  });

  it('turns away what it cannot hold: no verdict at once, and the vote says so', async () => {
    const { panel, pass } = panelOver({ a: 'silent' }, { lane });
    const asked = Array.from({ length: 100 }, (_, at) => panel.ask(site(at)));
    await pass(50);
    const late = await asked[90];
    expect(late).toMatchObject({ outcome: 'no_verdict', votes: [{ says: 'none', reason: 'overloaded' }] });
    expect(panel.report().verifiers[0]).toMatchObject({ waiting: 50, failures: { overloaded: 20 } });
    await pass(16_000, 100);
    expect(panel.report()).toMatchObject({ open: 0, verifiers: [{ waiting: 0, inFlight: 0 }] });
  });

  it('is not asked what it could not answer in time any more, so that it answers the rest', async () => {
    const { panel, double, pass } = panelOver({ a: 'up' }, { lane });
    double('a').delayMs = 1_500;
    const asked = Array.from({ length: 80 }, (_, at) => panel.ask(site(at)));
    await pass(6_000, 50);
    const outcomes = (await Promise.all(asked)).map(({ outcome, votes }) => `${outcome} ${votes[0]?.reason}`);
    expect(outcomes.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => 'refuted ok'));
    expect(outcomes.slice(60)).toEqual(Array.from({ length: 20 }, () => 'no_verdict overloaded'));
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

describe('a storm', () => {
  it('of 5,000 sites that fail in the same moment is decided to the last, although one verifier is silent', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'down', c: 'silent' });
    for (const name of ['a', 'b']) double(name).delayMs = 400;
    const asked = Array.from({ length: 5_000 }, (_, at) => panel.ask(site(at)));
    await pass(20_000, 200);
    expect((await Promise.all(asked)).filter(({ outcome }) => outcome === 'confirmed')).toHaveLength(5_000);
    expect(panel.report()).toMatchObject({ open: 0, outcomes: { confirmed: 5_000, no_verdict: 0 } });
    expect(double('a').mostInFlight).toBe(DEFAULT_LANE.maxInFlight);
  });
});
