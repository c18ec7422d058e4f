import { describe, expect, it } from 'vitest';
import { createPausingClock } from '../../test/kit/pausing-clock.ts';
import { createStallWatch } from './stall-watch.ts';

describe('a stall watch', () => {
  it('sees nothing while its ticks are on time', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.advance(10_000);
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(0);
  });

  it('takes a late tick for what a busy event loop does', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.pause(50);
    clock.advance(1_000);
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(0);
  });

  it('measures a pause, from the last sign of life to the next', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.advance(1_000);
    clock.pause(2_000);
    clock.advance(1_000);
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(2_050);
  });

  it('knows of a pause before its own tick has come', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.advance(1_000);
    clock.pause(2_000);
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(2_000);
    clock.advance(1_000);
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(2_000);
  });

  it('counts what lies between the two instants, over all pauses', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.pause(950);
    clock.advance(1_000);
    clock.pause(450);
    clock.advance(50);
    expect(clock.monotonicMs()).toBe(2_450);
    expect(watch.pauses(0, 2_450)).toEqual({ sumMs: 1_500, longestMs: 1_000 });
    expect(watch.pauses(400, 2_050).sumMs).toBe(700);
    expect(watch.pauses(1_000, 1_950).sumMs).toBe(0);
    expect(watch.pauses(2_450, 9_000).sumMs).toBe(0);
  });

  it('lets no pause reach into what begins after it was noticed', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    clock.pause(950);
    watch.notice();
    const beganMs = clock.monotonicMs();
    clock.advance(20);
    expect(watch.pauses(beganMs, clock.monotonicMs()).sumMs).toBe(0);
  });

  it('forgets the oldest pauses instead of growing', () => {
    const clock = createPausingClock();
    const watch = createStallWatch(clock);
    for (let count = 0; count < 1_500; count += 1) {
      clock.pause(150);
      clock.advance(50);
    }
    expect(watch.pauses(0, clock.monotonicMs()).sumMs).toBe(1_000 * 200);
  });

  it('gives a sign at every tick until it is stopped', () => {
    const clock = createPausingClock();
    let ticks = 0;
    const watch = createStallWatch(clock, () => {
      ticks += 1;
    });
    clock.advance(1_000);
    expect(ticks).toBe(20);
    watch.stop();
    clock.advance(1_000);
    expect(ticks).toBe(20);
  });
});
