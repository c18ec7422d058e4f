import { describe, expect, it } from 'vitest';
import { POLICY, VERIFIED } from '../../test/kit/decisions.ts';
import { nextRetry, retryTimeoutMs } from './retries.ts';

const T0 = 1_000_000;
const run = { sinceMs: T0 - 10_000, attempts: 1, knownMs: T0 };

describe('retries', () => {
  it('are due 2, 5 and 10 s after the first failure was known; then the last gap repeats', () => {
    const due = [1, 2, 3, 4, 5].map((attempts) => {
      const { attempt, atMs } = nextRetry({ ...run, attempts }, T0, POLICY);
      return [attempt, atMs - T0];
    });
    expect(due).toEqual([
      [2, 2_000],
      [3, 5_000],
      [4, 10_000],
      [5, 15_000],
      [6, 20_000],
    ]);
  });

  it('that are overdue are due now', () => {
    expect(nextRetry({ ...run, attempts: 2 }, T0 + 60_000, POLICY)).toMatchObject({ attempt: 3, atMs: T0 + 60_000 });
  });

  it('count from the first failure where nobody knows any more when it was known', () => {
    expect(nextRetry({ sinceMs: T0, attempts: 1 }, T0, POLICY)).toMatchObject({ atMs: T0 + 2_000 });
  });

  it('take no longer than twice what is usual, at least 5 s and at most the deadline of the endpoint', () => {
    const of = (usualMs: number | null, timeoutMs = 30_000) => retryTimeoutMs(2, { ...POLICY, usualMs, timeoutMs });
    expect([of(100), of(4_000), of(20_000), of(100, 3_000)]).toEqual([5_000, 8_000, 30_000, 3_000]);
    expect(of(null)).toBe(30_000);
  });

  it('give the last word all the time there is: to the attempt that confirms, or to the verifiers', () => {
    expect([retryTimeoutMs(3, POLICY), retryTimeoutMs(3, VERIFIED)]).toEqual([10_000, 5_000]);
    // Slow, or not known how quick: three quarters, as the verifiers take all of it after that.
    expect(retryTimeoutMs(3, { ...VERIFIED, usualMs: 9_000 })).toBe(7_500);
    expect(retryTimeoutMs(3, { ...VERIFIED, usualMs: null })).toBe(7_500);
    expect(retryTimeoutMs(3, { ...VERIFIED, usualMs: null, timeoutMs: 4_000 })).toBe(4_000);
  });
});
