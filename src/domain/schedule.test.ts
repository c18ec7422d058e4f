import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextOnPhase, phaseMs } from './schedule.ts';

const intervals = fc.integer({ min: 1_000, max: 604_800_000 });
const ids = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });

describe('the phase of an endpoint', () => {
  it('lies inside the interval and is the same every time', () => {
    fc.assert(
      fc.property(ids, intervals, (id, intervalMs) => {
        const phase = phaseMs(id, intervalMs);
        expect(phase).toBeGreaterThanOrEqual(0);
        expect(phase).toBeLessThan(intervalMs);
        expect(phaseMs(id, intervalMs)).toBe(phase);
      }),
    );
  });

  it('spreads consecutive ids evenly: every tenth of the interval gets its share', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let id = 1n; id <= 10_000n; id++) {
      const tenth = Math.floor(phaseMs(id, 60_000) / 6_000);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(50);
  });
});

describe('the next regular check', () => {
  it('is after now, at most one interval away, and always on the phase', () => {
    fc.assert(
      fc.property(ids, intervals, fc.integer({ min: 0, max: 2 ** 45 }), (id, intervalMs, nowMs) => {
        const phase = phaseMs(id, intervalMs);
        const next = nextOnPhase(nowMs, intervalMs, phase);
        expect(next).toBeGreaterThan(nowMs);
        expect(next).toBeLessThanOrEqual(nowMs + intervalMs);
        expect((next - phase) % intervalMs).toBe(0);
      }),
    );
  });
});
