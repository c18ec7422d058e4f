import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createRateLimiter, type RateLimiter } from './rate-limit.ts';

function take(limiter: RateLimiter, bucket: string, perMinute: number) {
  return limiter.take([{ bucket, perMinute }]);
}

describe('createRateLimiter', () => {
  it('starts full, counts down, and refuses below one token', () => {
    const limiter = createRateLimiter(createFakeClock());
    const told = { bucket: 'a', limit: 2 };
    expect(take(limiter, 'a', 2)).toEqual({
      ...told,
      ...{ allowed: true, remaining: 1, fullInSeconds: 0, allowedInSeconds: 0 },
    });
    expect(take(limiter, 'a', 2)).toEqual({
      ...told,
      ...{ allowed: true, remaining: 0, fullInSeconds: 30, allowedInSeconds: 0 },
    });
    expect(take(limiter, 'a', 2)).toEqual({
      ...told,
      ...{ allowed: false, remaining: 0, fullInSeconds: 60, allowedInSeconds: 30 },
    });
    expect(take(limiter, 'b', 2).allowed).toBe(true);
  });

  it('refills continuously, never beyond the limit', () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter(clock);
    for (let n = 0; n < 60; n += 1) take(limiter, 'a', 60);
    expect(take(limiter, 'a', 60).allowed).toBe(false);
    clock.advance(999);
    expect(take(limiter, 'a', 60).allowed).toBe(false);
    clock.advance(1);
    expect(take(limiter, 'a', 60)).toMatchObject({ allowed: true, remaining: 0 });
    clock.advance(3_600_000);
    expect(take(limiter, 'a', 60).remaining).toBe(59);
  });

  it('applies a changed limit at once', () => {
    const limiter = createRateLimiter(createFakeClock());
    expect(take(limiter, 'a', 100).remaining).toBe(99);
    expect(take(limiter, 'a', 10).remaining).toBe(9);
  });

  it('tells of the tightest of several, and takes from none when one is empty', () => {
    const limiter = createRateLimiter(createFakeClock());
    const wide = { bucket: 'key', perMinute: 60 };
    const narrow = { bucket: 'tenant', perMinute: 1 };
    expect(limiter.take([wide, narrow])).toMatchObject({ allowed: true, bucket: 'tenant', remaining: 0 });
    for (let n = 0; n < 5; n += 1) {
      const refused = limiter.take([wide, narrow]);
      expect(refused).toMatchObject({ allowed: false, bucket: 'tenant', limit: 1, allowedInSeconds: 60 });
    }
    expect(limiter.take([wide]).remaining).toBe(58);
  });
});
