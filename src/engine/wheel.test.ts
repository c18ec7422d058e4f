import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createWheel } from './wheel.ts';

type Item = { name: string };

function setUp() {
  const clock = createFakeClock();
  const fired: { name: string; at: number }[] = [];
  const wheel = createWheel<Item>({
    clock,
    onDue: (items) => fired.push(...items.map((item) => ({ name: item.name, at: clock.monotonicMs() }))),
  });
  wheel.start();
  clock.advance(100);
  return { clock, wheel, fired };
}

describe('the wheel', () => {
  it('calls a target once, not before its time and at most two slots after it', () => {
    const { clock, wheel, fired } = setUp();
    const armedAt = clock.monotonicMs();
    wheel.arm({ name: 'a' }, 1_000);
    clock.advance(10_000);
    expect(fired).toHaveLength(1);
    expect(fired[0]?.at).toBeGreaterThanOrEqual(armedAt + 1_000);
    expect(fired[0]?.at).toBeLessThanOrEqual(armedAt + 1_100);
    expect(wheel.size()).toBe(0);
  });

  it('is never early, whatever part of a slot the time falls in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 500 }), (waitedMs, delayMs) => {
        const { clock, wheel, fired } = setUp();
        clock.advance(waitedMs);
        const armedAt = clock.monotonicMs();
        wheel.arm({ name: 'a' }, delayMs);
        clock.advance(2_000);
        expect(fired[0]?.at).toBeGreaterThanOrEqual(armedAt + delayMs);
        expect(fired[0]?.at).toBeLessThanOrEqual(armedAt + delayMs + 100);
      }),
    );
  });

  it('replaces an earlier appointment', () => {
    const { clock, wheel, fired } = setUp();
    const target = { name: 'a' };
    wheel.arm(target, 1_000);
    wheel.arm(target, 3_000);
    clock.advance(2_000);
    expect(fired).toEqual([]);
    clock.advance(2_000);
    expect(fired).toHaveLength(1);
  });

  it('forgets a disarmed target, and disarming one that is not armed does nothing', () => {
    const { clock, wheel, fired } = setUp();
    const target = { name: 'a' };
    wheel.disarm(target);
    wheel.arm(target, 500);
    wheel.disarm(target);
    clock.advance(2_000);
    expect(fired).toEqual([]);
  });

  it('takes a negative delay as now', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm({ name: 'late' }, -5_000);
    clock.advance(200);
    expect(fired).toHaveLength(1);
  });

  it('is not moved by a jump of the wall clock', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm({ name: 'a' }, 1_000);
    clock.jumpWall(86_400_000);
    clock.advance(500);
    expect(fired).toEqual([]);
    clock.jumpWall(-3 * 86_400_000);
    clock.advance(700);
    expect(fired).toHaveLength(1);
  });

  it('says nothing after it stopped', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm({ name: 'a' }, 500);
    wheel.stop();
    clock.advance(5_000);
    expect(fired).toEqual([]);
  });

  it('calls everything that came due during a long sleep, each once', () => {
    const clock = createFakeClock();
    const fired: string[] = [];
    const wheel = createWheel<Item>({ clock, onDue: (items) => fired.push(...items.map((item) => item.name)) });
    for (let index = 0; index < 100; index++) wheel.arm({ name: `t${index}` }, index * 1_000);
    // The wheel is started only after the time has passed, as after a suspend of the machine.
    clock.advance(3_600_000);
    wheel.start();
    clock.advance(100);
    expect(new Set(fired).size).toBe(100);
    expect(fired).toHaveLength(100);
  });

  it('keeps every appointment of any schedule exactly once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100, max: 20_000 }), { maxLength: 200 }), (delays) => {
        const { clock, wheel, fired } = setUp();
        for (const [index, delay] of delays.entries()) wheel.arm({ name: String(index) }, delay);
        clock.advance(21_000);
        expect(fired.map((item) => Number(item.name)).sort((a, b) => a - b)).toEqual(delays.map((_, index) => index));
      }),
    );
  });
});
