import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createRateLimiter } from './rate-limit.ts';

describe('createRateLimiter', () => {
  it('starts full, counts down, and refuses below one token', () => {
    const limiter = createRateLimiter(createFakeClock());
    expect(limiter.take(1n, 2)).toEqual({
      allowed: true,
      limit: 2,
      remaining: 1,
      fullInSeconds: 0,
      allowedInSeconds: 0,
    });
    expect(limiter.take(1n, 2)).toEqual({
      allowed: true,
      limit: 2,
      remaining: 0,
      fullInSeconds: 30,
      allowedInSeconds: 0,
    });
    expect(limiter.take(1n, 2)).toEqual({
      allowed: false,
      limit: 2,
      remaining: 0,
      fullInSeconds: 60,
      allowedInSeconds: 30,
    });
    expect(limiter.take(2n, 2).allowed).toBe(true);
  });

  it('refills continuously, never beyond the limit', () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter(clock);
    for (let n = 0; n < 60; n += 1) limiter.take(1n, 60);
    expect(limiter.take(1n, 60).allowed).toBe(false);
    clock.advance(999);
    expect(limiter.take(1n, 60).allowed).toBe(false);
    clock.advance(1);
    expect(limiter.take(1n, 60)).toMatchObject({ allowed: true, remaining: 0 });
    clock.advance(3_600_000);
    expect(limiter.take(1n, 60).remaining).toBe(59);
  });

  it('applies a changed limit at once', () => {
    const limiter = createRateLimiter(createFakeClock());
    expect(limiter.take(1n, 100).remaining).toBe(99);
    expect(limiter.take(1n, 10).remaining).toBe(9);
  });
});
