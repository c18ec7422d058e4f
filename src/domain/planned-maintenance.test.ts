import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intersected, isWithin, type MaintenanceWindow, united } from './maintenance.ts';
import { currentOrNext, occurrencesIn, overAtMs, type Planned } from './planned-maintenance.ts';
import type { Recurring } from './recurrence.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 4, 1, 2);

const once = (startMs: number, endMs: number, plan: Partial<Planned> = {}): Planned => ({
  timing: { kind: 'once', startMs, endMs },
  fromMs: 0,
  endedAtMs: null,
  ...plan,
});

const nightly: Recurring = {
  kind: 'recurring',
  first: { day: START / DAY - 2 / 24, ms: 2 * HOUR },
  durationMs: HOUR,
  rule: { unit: 'day', every: 1 },
  zone: 'UTC',
  untilMs: START + 3 * DAY,
};

describe('a plan', () => {
  it('covers what was said, as long as it stood', () => {
    expect(occurrencesIn(once(10, 20), 0, 100)).toEqual([{ startMs: 10, endMs: 20 }]);
    expect(occurrencesIn(once(10, 20, { fromMs: 12, endedAtMs: 15 }), 0, 100)).toEqual([{ startMs: 12, endMs: 15 }]);
    expect(occurrencesIn(once(10, 20, { endedAtMs: 10 }), 0, 100)).toEqual([]);
    expect(occurrencesIn(once(10, 20, { fromMs: 20 }), 0, 100)).toEqual([]);
    expect(occurrencesIn(once(10, 20), 20, 100)).toEqual([]);
    expect(occurrencesIn(once(10, 20), 0, 10)).toEqual([]);
  });

  it('that comes again is on, or names when it is on next, until there is none any more', () => {
    const plan: Planned = { timing: nightly, fromMs: 0, endedAtMs: null };
    const first = { startMs: START, endMs: START + HOUR };
    expect(currentOrNext(plan, START - 1)).toEqual(first);
    expect(currentOrNext(plan, START)).toEqual(first);
    expect(currentOrNext(plan, START + HOUR)).toEqual({ startMs: START + DAY, endMs: START + DAY + HOUR });
    expect(currentOrNext(plan, START + 2 * DAY + HOUR)).toBeNull();
    expect(overAtMs(plan)).toBe(START + 3 * DAY + HOUR);
    expect(overAtMs({ ...plan, endedAtMs: START })).toBe(START);
  });

  it('is never told more often than is bearable', () => {
    const plan: Planned = { timing: { ...nightly, untilMs: null }, fromMs: 0, endedAtMs: null };
    expect(occurrencesIn(plan, 0, Number.POSITIVE_INFINITY)).toHaveLength(4_000);
  });
});

const lists = fc
  .array(fc.tuple(fc.nat(60), fc.nat(12)), { maxLength: 8 })
  .map((pairs) => pairs.map(([startMs, length]): MaintenanceWindow => ({ startMs, endMs: startMs + length })));

const covered = (windows: readonly MaintenanceWindow[]) =>
  Array.from({ length: 80 }, (_, atMs) => windows.some((window) => isWithin(window, atMs)));

describe('windows together', () => {
  it('cover what any of them does, in as few as can be', () => {
    fc.assert(
      fc.property(lists, (windows) => {
        const one = united(windows);
        expect(covered(one)).toEqual(covered(windows));
        one.slice(1).forEach(({ startMs }, i) => {
          expect(startMs).toBeGreaterThan(one[i]?.endMs ?? 0);
        });
      }),
    );
  });

  it('share what both cover', () => {
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const both = covered(intersected(united(one), united(other)));
        expect(both).toEqual(covered(one).map((is, at) => is && covered(other)[at]));
      }),
    );
  });
});
