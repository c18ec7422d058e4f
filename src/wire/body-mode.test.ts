import { describe, expect, it } from 'vitest';
import { type AskOptions, requestFor } from '../../test/kit/wire.ts';
import { type BodyHead, bodyPlanOf, encodingOf, isEventStreamType } from './body-mode.ts';

const LIMITS = { maxBytes: 1_000, maxMs: 250, rulesMaxBytes: 5_000 };
const RULES = { required: null, forbidden: [] };

function planOf(head: Partial<BodyHead>, expectedBytes: number | undefined, options: AskOptions = {}) {
  const whole = { status: 200, isEventStream: false, contentEncoding: null, isTransferCoded: false, ...head };
  return bodyPlanOf(whole, expectedBytes, requestFor({ ...LIMITS, ...options }));
}

describe('the body of a success', () => {
  it('is read strictly when its length is known and within the limit', () => {
    for (const length of [0, 5, 1_000]) {
      expect(planOf({}, length)).toEqual({ mode: 'strict_finite', limitBytes: 1_000, budgetMs: null });
    }
  });

  it('is read within budgets when its length is unknown or larger', () => {
    for (const length of [undefined, 1_001]) {
      expect(planOf({}, length)).toEqual({ mode: 'success_budgeted', limitBytes: 1_000, budgetMs: 250 });
    }
  });

  it('is searched within budgets of its own when there are rules', () => {
    expect(planOf({}, 5, { rules: RULES })).toEqual({ mode: 'keyword', limitBytes: 5_000, budgetMs: null });
    expect(planOf({}, undefined, { rules: RULES, rulesMaxMs: 70 }).budgetMs).toBe(70);
  });

  it('is never searched in a reply to HEAD, which has none', () => {
    expect(planOf({}, 0, { rules: RULES, method: 'HEAD' }).mode).toBe('strict_finite');
  });

  it('without an end by its nature is read only where it is searched', () => {
    for (const head of [{ status: 101 }, { isEventStream: true }]) {
      expect(planOf(head, undefined).mode).toBe('skipped');
      expect(planOf(head, undefined, { rules: RULES }).mode).toBe('keyword');
    }
  });
});

describe('the body of anything else', () => {
  it('is skipped for a redirect, and where no bytes are wanted', () => {
    expect(planOf({ status: 302 }, 5, { rules: RULES }).mode).toBe('skipped');
    for (const status of [200, 500]) expect(planOf({ status }, 5, { maxBytes: 0 }).mode).toBe('skipped');
  });

  it('is the start of an error page, rules or not', () => {
    for (const rules of [null, RULES]) {
      expect(planOf({ status: 500 }, 5, { rules })).toEqual({
        mode: 'error_excerpt',
        limitBytes: 1_000,
        budgetMs: 250,
      });
    }
    expect(planOf({ status: 404 }, undefined, { maxBytes: 1_048_576 }).limitBytes).toBe(16_384);
  });

  it('goes by what the asker takes a status for', () => {
    expect(planOf({ status: 401 }, 5, { meaningOf: () => 'success' }).mode).toBe('strict_finite');
    expect(planOf({ status: 200 }, 5, { meaningOf: () => 'error' }).mode).toBe('error_excerpt');
  });
});

describe('names in a head', () => {
  it.each([
    [null, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    [' GZIP ', 'gzip'],
    ['identity,Br,', 'br'],
    ['gzip,gzip', 'gzip, gzip'],
    ['x'.repeat(500), 'x'.repeat(100)],
  ])('of an encoding: %j is %j', (contentEncoding, name) => {
    expect(encodingOf({ contentEncoding })).toBe(name);
  });

  it('of a stream of events', () => {
    expect(isEventStreamType('Text/Event-Stream; charset=utf-8')).toBe(true);
    for (const type of ['text/event-streams', 'text/html; a=text/event-stream', '']) {
      expect(isEventStreamType(type)).toBe(false);
    }
  });
});
