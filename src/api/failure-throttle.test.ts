import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createFailureThrottle } from './failure-throttle.ts';

describe('createFailureThrottle', () => {
  it('lets ten failures a minute pass for each address, then names the wait', () => {
    const clock = createFakeClock();
    const throttle = createFailureThrottle(clock);
    for (let n = 0; n < 10; n += 1) expect(throttle.refused('192.0.2.1')).toBeNull();
    clock.advance(20_000);
    expect(throttle.refused('192.0.2.1')).toBe(40);
    expect(throttle.refused('192.0.2.2')).toBeNull();
    clock.advance(40_000);
    expect(throttle.refused('192.0.2.1')).toBeNull();
  });

  it('remembers a bounded number of addresses and forgets the oldest first', () => {
    const throttle = createFailureThrottle(createFakeClock());
    for (let n = 0; n < 11; n += 1) throttle.refused('192.0.2.1');
    for (let n = 0; n < 9_999; n += 1) throttle.refused(`10.0.${n >> 8}.${n & 255}`);
    expect(throttle.refused('192.0.2.1')).not.toBeNull();
    throttle.refused('203.0.113.1');
    expect(throttle.refused('192.0.2.1')).toBeNull();
  });
});
