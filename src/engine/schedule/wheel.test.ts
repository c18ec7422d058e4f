import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { createWheel } from './wheel.ts';

const DAY = 86_400_000;
/** A tick of the wheel, and one for the timer that finds it. */
const SLACK = 50;

function setUp() {
  const clock = createFakeClock();
  const fired: { slot: number; at: number }[] = [];
  let wakes = 0;
  const counted = {
    ...clock,
    after: (delayMs: number, run: () => void) =>
      clock.after(delayMs, () => {
        wakes += 1;
        run();
      }),
  };
  const wheel = createWheel({
    clock: counted,
    onDue: (slots) => fired.push(...slots.map((slot) => ({ slot, at: clock.monotonicMs() }))),
  });
  wheel.start();
  clock.advance(100);
  return { clock, wheel, fired, wakes: () => wakes };
}

describe('the wheel', () => {
  it('calls a slot once, not before its time and at most two ticks after it', () => {
    const { clock, wheel, fired } = setUp();
    const armedAt = clock.monotonicMs();
    wheel.arm(7, 1_000);
    clock.advance(10_000);
    expect(fired).toHaveLength(1);
    expect(fired[0]?.slot).toBe(7);
    expect(fired[0]?.at).toBeGreaterThanOrEqual(armedAt + 1_000);
    expect(fired[0]?.at).toBeLessThanOrEqual(armedAt + 1_000 + SLACK);
    expect(wheel.dueMs(7)).toBe(armedAt + 1_000);
    expect(wheel.size()).toBe(0);
  });

  it('is never early, whatever part of a tick the time falls in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 500 }), (waitedMs, delayMs) => {
        const { clock, wheel, fired } = setUp();
        clock.advance(waitedMs);
        const armedAt = clock.monotonicMs();
        wheel.arm(0, delayMs);
        clock.advance(2_000);
        expect(fired[0]?.at).toBeGreaterThanOrEqual(armedAt + delayMs);
        expect(fired[0]?.at).toBeLessThanOrEqual(armedAt + delayMs + SLACK);
      }),
    );
  });

  it('does not rest where many are due and timers go off a little before their time', () => {
    const clock = createFakeClock();
    const early = {
      ...clock,
      after: (delayMs: number, run: () => void) => clock.after(Math.max(1, Math.floor(delayMs - 0.5)), run),
    };
    const late: number[] = [];
    const wheel = createWheel({
      clock: early,
      onDue: (slots) => late.push(...slots.map((slot) => clock.monotonicMs() - wheel.dueMs(slot))),
    });
    wheel.start();
    for (let slot = 0; slot < 10_000; slot += 1) wheel.arm(slot, 1_000 + slot / 4);
    clock.advance(10_000);
    expect(late).toHaveLength(10_000);
    // The very first is alone, and waits for company.
    expect(Math.max(...late.slice(200))).toBeLessThanOrEqual(12);
  });

  it('replaces an earlier appointment', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm(0, 1_000);
    wheel.arm(0, 3_000);
    clock.advance(2_000);
    expect(fired).toEqual([]);
    clock.advance(2_000);
    expect(fired).toHaveLength(1);
  });

  it('forgets a disarmed slot, and disarming one that is not armed does nothing', () => {
    const { clock, wheel, fired } = setUp();
    wheel.disarm(3);
    wheel.arm(3, 500);
    wheel.disarm(3);
    clock.advance(2_000);
    expect(fired).toEqual([]);
    expect(wheel.size()).toBe(0);
  });

  it('takes a negative delay as now', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm(0, -5_000);
    clock.advance(SLACK);
    expect(fired).toHaveLength(1);
  });

  it('is not moved by a jump of the wall clock', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm(0, 1_000);
    clock.jumpWall(DAY);
    clock.advance(500);
    expect(fired).toEqual([]);
    clock.jumpWall(-3 * DAY);
    clock.advance(700);
    expect(fired).toHaveLength(1);
  });

  it('says nothing after it stopped', () => {
    const { clock, wheel, fired } = setUp();
    wheel.arm(0, 500);
    wheel.stop();
    clock.advance(5_000);
    expect(fired).toEqual([]);
  });

  it('keeps appointments many turns ahead', () => {
    const { clock, wheel, fired } = setUp();
    const armedAt = clock.monotonicMs();
    wheel.arm(0, 7 * DAY);
    wheel.arm(1, 2 ** 16 * 10);
    clock.advance(8 * DAY);
    expect(fired.map(({ slot }) => slot)).toEqual([1, 0]);
    expect(fired[1]?.at).toBeGreaterThanOrEqual(armedAt + 7 * DAY);
    expect(fired[1]?.at).toBeLessThanOrEqual(armedAt + 7 * DAY + SLACK);
  });

  it('sleeps while nobody is due', () => {
    const { clock, wheel, wakes } = setUp();
    for (let slot = 0; slot < 5; slot++) wheel.arm(slot, 60_000 * (slot + 1));
    clock.advance(299_000);
    expect(wakes()).toBeLessThanOrEqual(8);
    wheel.arm(9, 100);
    clock.advance(100 + SLACK);
    expect(wheel.size()).toBe(1);
  });

  it('calls everything that came due during a long sleep, each once and in order', () => {
    const clock = createFakeClock();
    const fired: number[] = [];
    const wheel = createWheel({ clock, onDue: (slots) => fired.push(...slots) });
    for (let slot = 0; slot < 100; slot++) wheel.arm(slot, (slot + 1) * 5_000);
    // The wheel is started only after the time has passed, as after a suspend of the machine.
    clock.advance(3_600_000);
    wheel.start();
    clock.advance(SLACK);
    expect(fired).toEqual(Array.from({ length: 100 }, (_, slot) => slot));
  });

  it('keeps the appointments of any schedule, as a list that is searched would', () => {
    const slot = fc.nat(30);
    const delayMs = fc.oneof(
      fc.integer({ min: -100, max: 20_000 }),
      fc.integer({ min: 600_000, max: 700_000 }),
      fc.integer({ min: 0, max: 3 * DAY }),
    );
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('arm' as const), slot, delayMs }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('disarm' as const), slot }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(30_000) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: fc.nat(2 * DAY) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, wheel, fired } = setUp();
        const due = new Map<number, number>();
        for (const drawn of steps) {
          if (drawn.kind === 'arm') {
            wheel.arm(drawn.slot, drawn.delayMs);
            due.set(drawn.slot, clock.monotonicMs() + Math.max(0, drawn.delayMs));
          } else if (drawn.kind === 'disarm') {
            wheel.disarm(drawn.slot);
            due.delete(drawn.slot);
          } else {
            // Nothing runs while the machine sleeps; the timers that came due run when it wakes.
            if (drawn.kind === 'sleep') wheel.stop();
            clock.advance(drawn.ms);
            if (drawn.kind === 'sleep') wheel.start();
            clock.advance(SLACK);
            for (const { slot, at } of fired.splice(0)) {
              expect(at).toBeGreaterThanOrEqual(due.get(slot) ?? Number.POSITIVE_INFINITY);
              due.delete(slot);
            }
            for (const dueMs of due.values()) expect(dueMs).toBeGreaterThan(clock.monotonicMs() - SLACK);
          }
          expect(wheel.size()).toBe(due.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
