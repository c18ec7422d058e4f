import { describe, expect, it } from 'vitest';
import { answer, panelOver, questionFor } from '../../test/kit/verifiers.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import type { Verification } from '../domain/verification.ts';
import type { Log } from '../telemetry/log.ts';

const URL = 'https://example.com/';

function votesOf({ votes }: Verification): Record<string, string> {
  return Object.fromEntries(votes.map(({ verifier, says, reason }) => [verifier, `${says} ${reason}`]));
}

/** Resolves with the value if it is there by now. */
async function byNow<T>(promise: Promise<T>): Promise<T | 'not yet'> {
  return Promise.race([promise, new Promise<'not yet'>((resolve) => setImmediate(resolve, 'not yet'))]);
}

describe('a question', () => {
  it('goes to every verifier at once, under an id of its own, with all of its own time', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'down', c: 'down' });
    const asked = panel.ask(questionFor(URL, { timeoutMs: 30_000 }));
    await pass(50);
    const verification = await asked;
    expect(verification).toMatchObject({ outcome: 'confirmed', quorum: 2, regions: 3 });
    expect(verification.requestId).toMatch(/^[0-9a-f]{32}$/);
    for (const name of ['a', 'b', 'c']) {
      const shared = verification.requestId.slice(0, 16);
      const requestId = expect.stringMatching(new RegExp(`^${shared}[0-9a-f]{16}$`));
      const question = { requestId, siteId: 7n, endpointId: 70n, url: URL, timeoutMs: 30_000 };
      expect(double(name).requests).toEqual([[{ ...question, plan: DEFAULT_PLAN, budgets: expect.anything() }]]);
    }
    const ids = ['a', 'b', 'c'].map((name) => double(name).requests[0]?.[0]?.requestId);
    expect(new Set(ids).size).toBe(3);
  });

  it('is asked as the endpoint is probed, where it is probed in a way of its own', async () => {
    const { panel, double, pass } = panelOver({ a: 'down' });
    const plan = { ...DEFAULT_PLAN, keyword: 'welcome' };
    const asked = panel.ask(questionFor(URL, { plan }));
    await pass(50);
    await asked;
    expect(double('a').requests[0]?.[0]?.plan).toBe(plan);
  });

  it('brings each vote with what was seen and how long it took', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'down' });
    double('b').delayMs = 300;
    const asked = panel.ask(questionFor(URL));
    await pass(500);
    const [a, b] = (await asked).votes;
    expect(a).toEqual({
      verifier: 'a',
      region: 'a',
      says: 'down',
      reason: 'http_5xx',
      httpCode: 503,
      errorCode: 0,
      failureClass: 'server',
      rttMs: 42,
      tookMs: 30,
      quarantined: false,
    });
    expect(b).toMatchObject({ verifier: 'b', tookMs: 320 });
  });
});

describe('the answer', () => {
  it('comes as soon as the quorum is there; the rest is not waited for, but learnt from', async () => {
    const { panel, double, pass, of } = panelOver({ a: 'down', b: 'down', c: 'up' });
    double('c').delayMs = 3_000;
    const asked = panel.ask(questionFor(URL));
    await pass(50);
    const verification = await byNow(asked);
    if (verification === 'not yet') throw new Error('it waits for the third');
    expect(verification).toMatchObject({ outcome: 'confirmed', downRegions: ['a', 'b'] });
    expect(votesOf(verification)).toEqual({ a: 'down http_5xx', b: 'down http_5xx', c: 'none not_awaited' });
    expect(of('c').seen.down.judged).toBe(0);
    await pass(3_000);
    expect(of('c').seen.down).toEqual({ judged: 1, right: 0 });
    expect(panel.report()).toMatchObject({ open: 0, outcomes: { confirmed: 1 } });
  });

  it('waits for whoever could still change it', async () => {
    const { panel, double, pass } = panelOver({ a: 'down', b: 'up', c: 'up' });
    double('c').delayMs = 2_000;
    const asked = panel.ask(questionFor(URL));
    await pass(1_000);
    expect(await byNow(asked)).toBe('not yet');
    await pass(2_000);
    expect(await asked).toMatchObject({ outcome: 'refuted', downRegions: ['a'] });
  });

  it('is no verdict when too few are heard in time: the time of the question and five seconds', async () => {
    const { panel, pass, clock, double } = panelOver({ a: 'down', b: 'silent', c: 'silent' });
    const asked = panel.ask(questionFor(URL, { timeoutMs: 2_000 }));
    clock.jumpWall(3_600_000);
    await pass(6_900);
    expect(await byNow(asked)).toBe('not yet');
    await pass(200);
    const verification = await asked;
    expect(verification.outcome).toBe('no_verdict');
    expect(votesOf(verification)).toEqual({ a: 'down http_5xx', b: 'none timeout', c: 'none timeout' });
    expect(double('b').aborted).toBe(1);
  });

  it('is no verdict as soon as too few are left, and says why of each that gave none', async () => {
    const failed = { kind: 'failed', reason: 'unauthorized', detail: 'wrong token', tookMs: 3 } as const;
    const { panel, double, pass, of } = panelOver({ a: () => failed, b: 'up', c: 'up', d: 'down' });
    double('b').ask = () => Promise.reject(new Error('out of order'));
    double('c').ask = async (questions) => [...questions, ...questions].map(() => answer('up'));
    double('d').delayMs = 5_000;
    const asked = panel.ask(questionFor(URL));
    await pass(100);
    expect(votesOf(await asked)).toMatchObject({ b: 'none unreachable', c: 'none malformed', d: 'none not_awaited' });
    await pass(5_000, 100);
    expect(of('a')).toMatchObject({ failures: { unauthorized: 1 }, isAnswering: false, answeredAtMs: null });
  });

  it('counts a region once, whoever speaks for it', async () => {
    const entries = ['a', 'b', 'c'].map((name) => ({ name, region: name === 'c' ? 'us' : 'eu' }));
    const { panel, pass } = panelOver({ a: 'down', b: 'down', c: 'none' }, { entries });
    const asked = panel.ask(questionFor(URL));
    await pass(50);
    expect(await asked).toMatchObject({ outcome: 'no_verdict', quorum: 2, regions: 2, downRegions: ['eu'] });
  });
});

describe('what is withdrawn while it is asked', () => {
  it('is no verdict at once, and is not counted for or against anybody, whatever they said or say yet', async () => {
    const { panel, pass, double, of } = panelOver({ a: 'down', b: 'up', c: 'up' });
    double('b').delayMs = 3_000;
    double('c').delayMs = 3_000;
    const withdrawn = new AbortController();
    const asked = panel.ask(questionFor(URL), withdrawn.signal);
    await pass(1_000);
    withdrawn.abort();
    const verification = await byNow(asked);
    if (verification === 'not yet') throw new Error('it waits for those that were asked');
    expect(verification.outcome).toBe('no_verdict');
    expect(votesOf(verification)).toEqual({ a: 'down http_5xx', b: 'none withdrawn', c: 'none withdrawn' });
    await pass(20_000, 100);
    for (const name of ['a', 'b', 'c']) {
      const nothing = { said: { down: 0, up: 0, none: 0 }, failures: {}, score: null };
      expect(of(name)).toMatchObject(nothing);
      expect(of(name).seen.up.judged).toBe(0);
    }
    expect(panel.report()).toMatchObject({ open: 0, outcomes: { no_verdict: 0, refuted: 0 } });
  });

  it('goes to nobody when it was withdrawn before, and stands when it was decided', async () => {
    const { panel, pass, double } = panelOver({ a: 'down' });
    expect(await panel.ask(questionFor(URL), AbortSignal.abort())).toMatchObject({ outcome: 'no_verdict' });
    const late = new AbortController();
    const asked = panel.ask(questionFor(URL), late.signal);
    await pass(50);
    late.abort();
    expect(await asked).toMatchObject({ outcome: 'confirmed' });
    expect(double('a').requests).toHaveLength(1);
    expect(panel.report().outcomes).toMatchObject({ confirmed: 1, no_verdict: 0 });
  });
});

describe('a panel after another', () => {
  it('goes on with what was known of those that are kept, and with nothing of the others', async () => {
    const first = panelOver({ a: 'down', b: 'up', c: 'up' });
    for (let at = 0; at < 20; at += 1) {
      void first.panel.ask(questionFor(URL, { endpointId: BigInt(at) }));
      await first.pass(50);
    }
    expect(first.of('a')).toMatchObject({ standing: 'quarantined', said: { down: 20 } });
    first.panel.stop();
    const before = first.panel.memory((name) => name !== 'b');
    const second = panelOver({ a: 'up', b: 'up', c: 'up' }, { before });
    const { waiting: _, inFlight: __, ...known } = first.of('a');
    expect(second.of('a')).toMatchObject(known);
    expect(second.of('b')).toMatchObject({ standing: 'unproven', score: null, said: { up: 0 } });
    expect(second.of('c')).toMatchObject({ isAnswering: true, said: { up: 20 } });
    expect(second.quarantined).toEqual([]);
    expect(second.panel.report().outcomes).toMatchObject({ refuted: 20 });
  });
});

describe('without verifiers', () => {
  it('there is nobody to ask', async () => {
    const { panel } = panelOver({});
    expect(panel.isConfigured).toBe(false);
    expect(await panel.ask(questionFor(URL))).toMatchObject({ outcome: 'no_verdict', votes: [] });
  });
});

describe('when it stops', () => {
  it('what is under way gets no verdict, nothing more is asked, and connections are closed', async () => {
    const { panel, double, pass } = panelOver({ a: 'silent', b: 'up' });
    const asked = panel.ask(questionFor(URL));
    await pass(50);
    panel.stop();
    expect(votesOf(await asked)).toEqual({ a: 'none stopped', b: 'up ok' });
    expect(await panel.ask(questionFor(URL))).toMatchObject({ outcome: 'no_verdict' });
    await pass(20_000, 1_000);
    expect(double('b').requests).toHaveLength(1);
    expect([double('a').isClosed, double('a').aborted, panel.report().open]).toEqual([true, 1, 0]);
  });
});

describe('the log', () => {
  it('says once that a verifier gives no answer, and once that it does again', async () => {
    const lines: string[] = [];
    const note = (level: string) => (facts: unknown, words?: string) =>
      void lines.push(`${level} ${(facts as { verifier: string }).verifier} ${words}`);
    const log = { debug() {}, info: note('info'), warn: note('warn'), error: note('error') } as unknown as Log;
    const failed = { kind: 'failed', reason: 'unreachable', detail: 'ECONNREFUSED', tookMs: 3 } as const;
    const { panel, double, pass } = panelOver({ a: () => failed, b: 'up' }, { log });
    for (let at = 0; at < 5; at += 1) void panel.ask(questionFor(`${URL}${at}`));
    await pass(61_000, 1_000);
    double('a').says = () => 'up';
    for (let at = 0; at < 5; at += 1) void panel.ask(questionFor(`${URL}${at}`));
    await pass(1_000);
    expect(lines.map((line) => line.slice(0, 30))).toEqual([
      'warn a the verifier gives no a',
      'info a the verifier answers ag',
    ]);
  });
});
