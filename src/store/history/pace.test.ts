import { describe, expect, it } from 'vitest';
import { COVERAGE_GRACE_MS as GRACE, inTime } from './pace.ts';

const MINUTE = 60_000;

describe('the next look', () => {
  it('is in time by the interval that held when the last one came', () => {
    const until = inTime(
      [
        { fromMs: Number.NEGATIVE_INFINITY, intervalMs: 5 * MINUTE },
        { fromMs: 100 * MINUTE, intervalMs: MINUTE },
      ],
      2,
    );
    expect(until(0)).toBe(10 * MINUTE + GRACE);
    expect(until(99 * MINUTE)).toBe(109 * MINUTE + GRACE);
    expect(until(100 * MINUTE)).toBe(102 * MINUTE + GRACE);
  });

  it('is late after a pause, however short that was', () => {
    const [fromMs, intervalMs] = [Number.NEGATIVE_INFINITY, MINUTE];
    const until = inTime(
      [
        { fromMs, intervalMs, state: 'watched' },
        { fromMs: 10 * MINUTE, intervalMs, state: 'paused' },
        { fromMs: 11 * MINUTE, intervalMs, state: 'watched' },
        { fromMs: 20 * MINUTE, intervalMs: 2 * MINUTE, state: 'watched' },
      ],
      2,
    );
    expect(until(5 * MINUTE)).toBe(7 * MINUTE + GRACE);
    expect(until(9.5 * MINUTE)).toBe(11 * MINUTE);
    expect(until(10.5 * MINUTE)).toBe(11 * MINUTE);
    expect(until(11 * MINUTE)).toBe(13 * MINUTE + GRACE);
    expect(until(19 * MINUTE)).toBe(24 * MINUTE + GRACE);
  });

  it('is in time by a longer interval when that came while it was, and not when it was late by then', () => {
    const until = inTime(
      [
        { fromMs: 0, intervalMs: MINUTE },
        { fromMs: 60 * MINUTE, intervalMs: 30 * MINUTE },
      ],
      2,
    );
    expect(until(59 * MINUTE)).toBe(120 * MINUTE + GRACE);
    expect(until(50 * MINUTE)).toBe(52 * MINUTE + GRACE);
  });
});
