import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { createClockWatch } from './clock-watch.ts';

describe('the watch on the clocks', () => {
  it('sees a jump of more than two seconds, forward and back, once', () => {
    const clock = createFakeClock();
    const watch = createClockWatch(clock);
    for (const jumpMs of [3_000, -86_400_000]) {
      clock.advance(1_000);
      clock.jumpWall(jumpMs);
      expect(watch.sample()).toBe(jumpMs);
      clock.advance(1_000);
      expect(watch.sample()).toBe(0);
    }
  });

  it('tells it of the looks it fell into, and of no others', () => {
    const clock = createFakeClock();
    const watch = createClockWatch(clock);
    const tick = () => {
      clock.advance(1_000);
      watch.sample();
    };
    tick();
    const beforeMs = clock.monotonicMs();
    tick();
    clock.jumpWall(5_000);
    expect(watch.jumpSince(beforeMs)).toBe(5_000);
    tick();
    expect(watch.jumpSince(beforeMs)).toBe(5_000);
    expect(watch.jumpSince(clock.monotonicMs())).toBe(0);
    for (let nth = 0; nth < 1_000; nth += 1) tick();
    expect(watch.jumpSince(clock.monotonicMs() - 10_000)).toBe(0);
  });

  it('lets a clock be corrected little by little, unless that is much within one look', () => {
    const clock = createFakeClock();
    const watch = createClockWatch(clock);
    const beforeMs = clock.monotonicMs();
    for (let nth = 0; nth < 5; nth += 1) {
      clock.advance(1_000);
      clock.jumpWall(500);
      expect(watch.sample()).toBe(0);
    }
    expect(watch.jumpSince(beforeMs)).toBe(2_500);
    expect(watch.jumpSince(clock.monotonicMs() - 2_000)).toBe(0);
  });
});
