import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createPausingClock } from '../../test/kit/pausing-clock.ts';
import type { Timer } from '../lib/clock.ts';
import { createDeadlines } from './deadlines.ts';

describe('deadlines', () => {
  it('run once, never early and at most a tick late', () => {
    const clock = createFakeClock();
    const deadlines = createDeadlines(clock);
    const ran: number[] = [];
    for (const atMs of [1, 10, 11, 250.5]) deadlines.at(atMs, () => ran.push(clock.monotonicMs() - atMs));
    clock.advance(1_000);
    expect(ran).toHaveLength(4);
    for (const lateMs of ran) {
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThanOrEqual(10);
    }
  });

  it('run on the next tick when they are past already', () => {
    const clock = createFakeClock();
    clock.advance(5_000);
    let ran = 0;
    createDeadlines(clock).at(3, () => ran++);
    clock.advance(10);
    expect(ran).toBe(1);
  });

  it('wait a tick more after a pause, in which what has come is read first; they can be cancelled then', () => {
    const clock = createPausingClock();
    const deadlines = createDeadlines(clock);
    const ran: string[] = [];
    deadlines.at(100, () => ran.push('missed'));
    const answered = deadlines.at(100, () => ran.push('answered'));
    clock.pause(5_000);
    clock.advance(100);
    expect(ran).toEqual([]);
    answered.cancel();
    clock.advance(10);
    expect(ran).toEqual(['missed']);
  });

  it('that throw let the others of their tick run, and their errors are not lost', () => {
    const clock = createFakeClock();
    const deadlines = createDeadlines(clock);
    const ran: string[] = [];
    for (const name of ['first', 'second']) {
      deadlines.at(5, () => {
        throw new Error(name);
      });
      deadlines.at(5, () => ran.push(name));
    }
    expect(() => clock.advance(100)).toThrow('first');
    expect(ran).toEqual(['first', 'second']);
    expect(() => clock.advance(100)).toThrow('second');
    clock.advance(100);
    expect(ran).toEqual(['first', 'second']);
  });

  it('share a timer, and leave none behind when all are cancelled', () => {
    const clock = createFakeClock();
    let armed = 0;
    let cancelled = 0;
    const deadlines = createDeadlines({
      ...clock,
      after(delayMs, run) {
        armed += 1;
        const timer = clock.after(delayMs, run);
        return {
          cancel() {
            cancelled += 1;
            timer.cancel();
          },
        };
      },
    });
    const timers = Array.from({ length: 1_000 }, () => deadlines.after(95, () => expect.unreachable()));
    for (const timer of timers) timer.cancel();
    for (const timer of timers) timer.cancel();
    clock.advance(1_000);
    expect([armed, cancelled]).toEqual([1, 1]);
  });

  it('can be cancelled and set anew from within one of the same tick', () => {
    const clock = createFakeClock();
    const deadlines = createDeadlines(clock);
    const ran: string[] = [];
    let second: Timer | null = null;
    deadlines.at(5, () => {
      ran.push('first');
      second?.cancel();
      deadlines.at(5, () => ran.push('third'));
    });
    second = deadlines.at(5, () => ran.push('second'));
    clock.advance(100);
    expect(ran).toEqual(['first', 'third']);
  });
});
