import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import type { Exchange, Reply } from '../wire/exchange.ts';
import { MAX_LOCATION_LENGTH } from '../wire/http1-head.ts';
import { createVisitor, type Visit } from './visit.ts';

/** Visits a web of redirects: each URL answers 302 with its Location fields, and 200 when it has none scripted. */
async function visitOver(redirects: Record<string, string[]>, url: string, pausedMs = 0): Promise<Visit> {
  const clock = createFakeClock();
  const visit = createVisitor({
    clock,
    pausedMs: (fromMs, toMs) => {
      expect(toMs - fromMs).toBeGreaterThan(0);
      return pausedMs;
    },
    exchange: async (request): Promise<Exchange> => {
      clock.advance(5);
      const locations = redirects[request.url.href];
      const headers = (locations ?? []).map((value): [string, string] => ['location', value]);
      const body = { mode: 'skipped', bytesRead: 0, limitBytes: 0, complete: false } as const;
      const reply: Reply = { status: locations === undefined ? 200 : 302, headers, body };
      const timings = { total: 5 };
      return { url: request.url.href, addresses: [], address: null, timings, tls: null, reply, failure: null };
    },
  });
  return visit(url, 1_000);
}

const A = 'http://a.test/';
const B = 'http://b.test/';

describe('a visit', () => {
  it('follows redirects to their end and times them together', async () => {
    const visit = await visitOver({ [A]: [B] }, A);
    expect(visit.hops.map((hop) => hop.url)).toEqual([A, B]);
    expect(visit).toMatchObject({ redirectTrouble: null, totalMs: 10 });
  });

  it('knows for how long the machine was paused meanwhile', async () => {
    expect(await visitOver({}, A, 3)).toMatchObject({ totalMs: 5, pausedMs: 3 });
  });
});

describe('a Location', () => {
  it('without a value is no redirect', async () => {
    const visit = await visitOver({ [A]: [''] }, A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toBeNull();
  });

  it('without a value does not hide the one after it', async () => {
    const visit = await visitOver({ [A]: ['', B, 'http://c.test/'] }, A);
    expect(visit.hops.map((hop) => hop.url)).toEqual([A, B]);
  });

  it('that differs by its fragment alone is a loop, from the first URL on', async () => {
    const visit = await visitOver({ [A]: ['#two'] }, `${A}#one`);
    expect(visit.url).toBe(A);
    expect(visit.hops).toHaveLength(1);
    expect(visit.redirectTrouble).toMatchObject({ kind: 'loop' });
  });

  it('is followed up to the length that is kept, and not when it was cut', async () => {
    const fitting = B.padEnd(MAX_LOCATION_LENGTH, 'x');
    expect((await visitOver({ [A]: [fitting] }, A)).hops[1]?.url).toBe(fitting);
    const cut = await visitOver({ [A]: [`${fitting}x`] }, A);
    expect(cut.hops).toHaveLength(1);
    expect(cut.redirectTrouble).toMatchObject({ kind: 'bad_location' });
  });
});
