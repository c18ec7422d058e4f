import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { exchangeOf, replyOf } from '../../test/kit/visit.ts';
import { DEFAULT_BUDGETS, DEFAULT_PLAN, type ProbePlan } from '../domain/probe-plan.ts';
import type { Exchange, ExchangeRequest } from '../wire/exchange.ts';
import { MAX_LOCATION_LENGTH } from '../wire/http1-head.ts';
import { createVisitor, hitDeadline, isVoid, type Visit } from './visit.ts';

type Web = {
  /** Each URL answers 302 with its Location fields, and 200 when it has none scripted. */
  redirects?: Record<string, string[]>;
  plan?: Partial<ProbePlan>;
  pausedMs?: number;
  longestMs?: number;
  /** Waited at the gate by every hop. */
  waitedMs?: number;
  timeoutMs?: number;
};

const TIMEOUT_MS = 1_000;
const HOP_MS = 5;

/** `endsMs`: when the visit would have been over, told to each hop as it began. */
async function visitOver(web: Web, url: string): Promise<{ visit: Visit; asked: ExchangeRequest[]; endsMs: number[] }> {
  const clock = createFakeClock();
  const asked: ExchangeRequest[] = [];
  const endsMs: number[] = [];
  const visitor = createVisitor({
    clock,
    budgets: DEFAULT_BUDGETS,
    pauses: (fromMs, toMs) => {
      expect(fromMs).toBe(0);
      const sumMs = toMs > 0 ? (web.pausedMs ?? 0) : 0;
      return { sumMs, longestMs: web.longestMs ?? sumMs };
    },
    exchange(request, done) {
      asked.push(request);
      endsMs.push(request.deadline.atMs());
      clock.advance(HOP_MS + (web.waitedMs ?? 0));
      const locations = web.redirects?.[request.url.href];
      const reply = replyOf(
        locations === undefined ? 200 : 302,
        (locations ?? []).map((value) => ['location', value]),
      );
      done(exchangeOf({ url: request.url.href, reply, waitedMs: web.waitedMs ?? 0 }));
    },
  });
  const plan = { ...DEFAULT_PLAN, ...web.plan };
  const visit = await new Promise<Visit>((resolve, reject) => {
    visitor(
      { url, timeoutMs: web.timeoutMs ?? TIMEOUT_MS, plan, wantsEvidence: false, voidedRuns: 0 },
      resolve,
      reject,
    );
  });
  return { visit, asked, endsMs };
}

const A = 'http://a.test/';
const B = 'http://b.test/';

describe('a visit', () => {
  it('follows redirects to their end and times them together', async () => {
    const { visit } = await visitOver({ redirects: { [A]: [B] } }, A);
    expect(visit.hops.map((hop) => hop.url)).toEqual([A, B]);
    expect(visit).toMatchObject({ redirectTrouble: null, totalMs: 2 * HOP_MS });
  });

  it('has one deadline for all hops', async () => {
    const { asked } = await visitOver({ redirects: { [A]: [B] } }, A);
    expect(asked[1]?.deadline.atMs()).toBe(asked[0]?.deadline.atMs());
  });

  it('does not count what it waited for a limit of our own, and gets that time back', async () => {
    const { visit, endsMs } = await visitOver({ redirects: { [A]: [B] }, waitedMs: 300 }, A);
    expect(visit.totalMs).toBe(2 * HOP_MS);
    expect(endsMs).toEqual([TIMEOUT_MS, TIMEOUT_MS + 300]);
  });

  it('gets the time of our pauses back, and the time of what was lost in them', async () => {
    const { visit, asked } = await visitOver({ pausedMs: 300, timeoutMs: 10_000 }, A);
    expect(visit.givenBackMs).toBe(1_300);
    expect(asked[0]?.deadline.atMs()).toBe(10_000 + 300 + 1_000);
    const long = await visitOver({ pausedMs: 3_300, longestMs: 3_000, timeoutMs: 10_000 }, A);
    expect(long.asked[0]?.deadline.atMs()).toBe(10_000 + 3_300 + 3_000);
  });

  it('is not prolonged by more than its time-out', async () => {
    const { visit, asked } = await visitOver({ pausedMs: 300, timeoutMs: 1_200 }, A);
    expect(visit.givenBackMs).toBeNull();
    expect(asked[0]?.deadline.atMs()).toBe(1_200);
  });

  it('knows for how long the machine was paused meanwhile', async () => {
    const { visit } = await visitOver({ pausedMs: 3 }, A);
    expect(visit).toMatchObject({ totalMs: HOP_MS, pausedMs: 3 });
  });
});

describe('the URL of a visit', () => {
  it('is kept without credentials', async () => {
    const { visit } = await visitOver({}, 'http://ann:hunter2@a.test/');
    expect(visit.url).toBe(A);
  });
});

describe('a Location', () => {
  it('that is missing or empty leads nowhere', async () => {
    for (const locations of [[], ['']]) {
      const { visit } = await visitOver({ redirects: { [A]: locations } }, A);
      expect(visit.hops).toHaveLength(1);
      expect(visit.redirectTrouble).toMatchObject({ kind: 'no_location' });
    }
  });

  it('without a value does not hide the one after it', async () => {
    const { visit } = await visitOver({ redirects: { [A]: ['', B] } }, A);
    expect(visit.hops.map((hop) => hop.url)).toEqual([A, B]);
  });

  it('given twice is followed when both say the same, as browsers do', async () => {
    expect((await visitOver({ redirects: { [A]: [B, B] } }, A)).visit.hops.map((hop) => hop.url)).toEqual([A, B]);
    const { visit } = await visitOver({ redirects: { [A]: [B, 'http://c.test/'] } }, A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toEqual({ kind: 'bad_location', location: `${B}, http://c.test/` });
  });

  it('that differs by its fragment alone is a loop, from the first URL on', async () => {
    const { visit } = await visitOver({ redirects: { [A]: ['#two'] } }, `${A}#one`);
    expect(visit.url).toBe(A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toMatchObject({ kind: 'loop' });
  });

  it('is followed up to the length that is kept, and not when it was cut', async () => {
    const fitting = B.padEnd(MAX_LOCATION_LENGTH, 'x');
    expect((await visitOver({ redirects: { [A]: [fitting] } }, A)).visit.hops[1]?.url).toBe(fitting);
    const { visit } = await visitOver({ redirects: { [A]: [`${fitting}x`] } }, A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toMatchObject({ kind: 'bad_location' });
  });
});

describe('the plan of a visit', () => {
  it('may forbid redirects, which then are not followed', async () => {
    const { visit } = await visitOver({ redirects: { [A]: [B] }, plan: { redirects: 'fail' } }, A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toMatchObject({ kind: 'forbidden', location: B });
  });

  it('may expect a redirect, which then is an answer like any other', async () => {
    const { visit } = await visitOver({ redirects: { [A]: [B] }, plan: { expectedStatus: [[300, 399]] } }, A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toBeNull();
  });

  it('follows a redirect that merely lies in a wide range of what is expected', async () => {
    const { visit } = await visitOver({ redirects: { [A]: [B] }, plan: { expectedStatus: [[200, 399]] } }, A);
    expect(visit.hops).toHaveLength(2);
  });

  it('keeps its headers for the origin they are meant for', async () => {
    const headers = [['Authorization', 'secret']] as const;
    const { asked } = await visitOver({ redirects: { [A]: [`${A}in`], [`${A}in`]: [B] }, plan: { headers } }, A);
    expect(asked.map((request) => request.headers)).toEqual([headers, headers, []]);
  });

  it('reads no body and knows no keyword where the profile does not', async () => {
    const plan = { profile: 'simple_http', keyword: 'word', redirects: 'fail' } as const;
    const { visit, asked } = await visitOver({ redirects: { [A]: [B] }, plan }, A);
    expect(asked[0]?.body).toMatchObject({ maxBytes: 0, rules: null });
    expect(visit.hops).toHaveLength(2);
  });

  it('with HEAD is as if it looked at the status alone', async () => {
    const { visit, asked } = await visitOver({ plan: { method: 'HEAD', keyword: 'word' } }, A);
    expect(asked[0]).toMatchObject({ method: 'HEAD', body: { rules: null } });
    expect(visit.plan.profile).toBe('simple_http');
  });
});

describe('a visit that a pause of ours fell into is void', () => {
  const visitThat = async (failure: Exchange['failure'], pausedMs: number, timeoutMs?: number): Promise<Visit> => {
    const { visit } = await visitOver({ pausedMs, timeoutMs: timeoutMs ?? TIMEOUT_MS }, A);
    return { ...visit, hops: [exchangeOf({ url: A, failure })] };
  };

  it('when it came to a time-out', async () => {
    const deadline = { phase: 'http', code: 'DEADLINE', detail: '' } as const;
    expect(isVoid(await visitThat(deadline, 200))).toBe(true);
    expect(isVoid(await visitThat(deadline, 0))).toBe(false);
    expect(isVoid(await visitThat({ phase: 'body', code: 'TIME_BUDGET', detail: '' }, 200))).toBe(true);
    expect(isVoid(await visitThat({ phase: 'dns', code: 'TIMEOUT', detail: '', resolver: null }, 200))).toBe(true);
    expect(isVoid(await visitThat({ phase: 'dns', code: 'NO_RESOLVER', detail: '', resolver: null }, 200))).toBe(true);
  });

  it('but not when the time-out moved on by what the pause may have cost', async () => {
    for (const phase of ['tcp', 'tls', 'http', 'body'] as const) {
      expect(isVoid(await visitThat({ phase, code: 'DEADLINE', detail: '' }, 200, 10_000))).toBe(false);
    }
    // Resolvers and the search of a body do not move their own times.
    expect(isVoid(await visitThat({ phase: 'body', code: 'TIME_BUDGET', detail: '' }, 200, 10_000))).toBe(true);
    const dns = { phase: 'dns', code: 'TIMEOUT', detail: '', resolver: null, atDeadline: true } as const;
    expect(isVoid(await visitThat(dns, 200, 10_000))).toBe(true);
  });

  it('also where the deadline was not hit, which is another question', () => {
    const silence = { phase: 'dns', code: 'TIMEOUT', detail: '', resolver: null } as const;
    expect(hitDeadline(silence)).toBe(false);
    expect(hitDeadline({ ...silence, code: 'NO_RESOLVER' })).toBe(false);
    expect(hitDeadline({ ...silence, atDeadline: true })).toBe(true);
    expect(hitDeadline({ phase: 'tcp', code: 'DEADLINE', detail: '' })).toBe(true);
    expect(hitDeadline({ phase: 'tcp', code: 'ETIMEDOUT', detail: '' })).toBe(false);
  });

  it('and not when the server said something, which stands whenever we heard it', async () => {
    expect(isVoid(await visitThat(null, 200))).toBe(false);
    expect(isVoid(await visitThat({ phase: 'tcp', code: 'ECONNREFUSED', detail: '' }, 200))).toBe(false);
  });
});
