import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MaintenanceWindow } from './maintenance.ts';
import { DAY_MS, longestMs, occurrencesFrom, type Recurring, type Rule, WEEKDAYS } from './recurrence.ts';
import { isTimeZone, offsetMs, parseWallTime } from './time-zone.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Africa/Casablanca',
  'UTC',
];

/** What clocks show, as if it were UTC; told by another way than the one that is tested. */
function shownAt(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  return (atMs) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = format
      .format(atMs)
      .split(/\D+/)
      .map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

/** Whether the calendar says so, counted day by day. */
function isDayOf(rule: Rule, first: number, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (day < first) return false;
  if (rule.unit === 'day') return (day - first) % rule.every === 0;
  if (rule.unit === 'week') {
    const monday = (of: number) => of - ((new Date(of * DAY_MS).getUTCDay() + 6) % 7);
    const name = WEEKDAYS[(date.getUTCDay() + 6) % 7];
    return name !== undefined && rule.days.includes(name) && ((monday(day) - monday(first)) / 7) % rule.every === 0;
  }
  const start = new Date(first * DAY_MS);
  const months = (date.getUTCFullYear() - start.getUTCFullYear()) * 12 + date.getUTCMonth() - start.getUTCMonth();
  const length = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return months % rule.every === 0 && date.getUTCDate() === Math.min(rule.day, length);
}

/** Minutes at which an occurrence begins: the clocks reach its time, or skip it, for the first time. */
function beginnings({ zone, rule, first, untilMs }: Recurring, fromMs: number, toMs: number): number[] {
  const shown = shownAt(zone);
  const found: number[] = [];
  let highest = shown(fromMs - 2 * DAY_MS);
  for (let atMs = fromMs - 2 * DAY_MS; atMs < toMs; atMs += MINUTE) {
    const now = shown(atMs);
    for (let day = Math.floor(highest / DAY_MS) - 1; day <= Math.floor(now / DAY_MS); day += 1) {
      const wanted = day * DAY_MS + first.ms;
      if (wanted <= highest || wanted > now || !isDayOf(rule, first.day, day)) continue;
      if (atMs >= fromMs && (untilMs === null || atMs < untilMs)) found.push(atMs);
    }
    highest = Math.max(highest, now);
  }
  return found;
}

/** Days around which the clocks of a zone are changed, in a year. */
function changes(zone: string, year: number): number[] {
  const found: number[] = [];
  for (let atMs = Date.UTC(year, 0, 1); atMs < Date.UTC(year + 1, 0, 1); atMs += DAY_MS) {
    if (offsetMs(zone, atMs) !== offsetMs(zone, atMs + DAY_MS)) found.push(atMs);
  }
  return found;
}

function firstOf(count: number, timing: Recurring): MaintenanceWindow[] {
  const found: MaintenanceWindow[] = [];
  for (const window of occurrencesFrom(timing, 0)) if (found.push(window) === count) break;
  return found;
}

const rules: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ unit: fc.constant('day' as const), every: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    unit: fc.constant('week' as const),
    every: fc.integer({ min: 1, max: 2 }),
    days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
  }),
  fc.record({
    unit: fc.constant('month' as const),
    every: fc.integer({ min: 1, max: 2 }),
    day: fc.integer({ min: 1, max: 31 }),
  }),
);

describe('what comes again', () => {
  it('begins at the minutes at which the clocks on the wall say so, also when they are changed', () => {
    const draws = fc.record({
      zone: fc.constantFrom(...ZONES),
      year: fc.integer({ min: 2005, max: 2035 }),
      which: fc.nat(9),
      rule: rules,
      // Most changes are made in these hours.
      minuteOfDay: fc.oneof(fc.integer({ min: 0, max: 4 * 60 }), fc.integer({ min: 0, max: 1_439 })),
      daysBefore: fc.integer({ min: 1, max: 70 }),
      untilDays: fc.option(fc.integer({ min: 1, max: 6 })),
    });
    fc.assert(
      fc.property(draws, ({ zone, year, which, rule, minuteOfDay, daysBefore, untilDays }) => {
        const days = changes(zone, year);
        const centre = days.length === 0 ? Date.UTC(year, which, 28) : (days[which % days.length] ?? 0);
        const [fromMs, toMs] = [centre - 2 * DAY_MS, centre + 3 * DAY_MS];
        const first = { day: Math.floor(centre / DAY_MS) - daysBefore, ms: minuteOfDay * MINUTE };
        const untilMs = untilDays === null ? null : fromMs + untilDays * DAY_MS;
        const window: Recurring = { kind: 'recurring', first, durationMs: HOUR, rule, zone, untilMs };
        const starts = [];
        for (const { startMs, endMs } of occurrencesFrom(window, fromMs)) {
          if (startMs >= toMs) break;
          expect(endMs - startMs).toBe(HOUR);
          if (startMs >= fromMs) starts.push(startMs);
        }
        expect(starts).toEqual(beginnings(window, fromMs, toMs));
      }),
      { numRuns: 25, examples: [[APIA]] },
    );
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00:00.000Z', 'a time that is skipped: when it is skipped'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z', 'a time that comes twice: the first'],
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:30:00.000Z', 'clocks that skip half an hour'],
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00:00.000Z', 'a day that was skipped'],
    ['Asia/Kolkata', '2026-05-01T02:00', '2026-04-30T20:30:00.000Z', 'no change ever'],
  ])('in %s at %s begins at %s', (zone, wall, expected) => {
    const first = parseWallTime(wall);
    if (first === null) throw new Error('no time');
    const rule: Rule = { unit: 'day', every: 1 };
    const window: Recurring = { kind: 'recurring', first, durationMs: HOUR, rule, zone, untilMs: null };
    const [one] = firstOf(1, window);
    expect(new Date(one?.startMs ?? 0).toISOString()).toBe(expected);
  });

  it('is over before it begins anew, if it is no longer than it may be', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 10_000, max: 30_000 }), (rule, day) => {
        const durationMs = longestMs(rule);
        const window = {
          kind: 'recurring',
          first: { day, ms: 0 },
          durationMs,
          rule,
          zone: 'UTC',
          untilMs: null,
        } as const;
        const some = firstOf(12, window);
        expect(some).toHaveLength(12);
        some.slice(1).forEach(({ startMs }, i) => {
          expect(startMs).toBeGreaterThanOrEqual(some[i]?.endMs ?? 0);
        });
      }),
    );
  });

  it('ends, although nobody said when', () => {
    const rule: Rule = { unit: 'month', every: 24, day: 31 };
    const first = { day: 20_000, ms: 0 };
    const window = { kind: 'recurring', first, durationMs: HOUR, rule, zone: 'UTC', untilMs: null } as const;
    expect([...occurrencesFrom(window, 0)].length).toBeLessThan(100);
    expect([...occurrencesFrom(window, Number.MAX_SAFE_INTEGER)]).toEqual([]);
  });
});

/** The day that Samoa skipped. */
const APIA = {
  ...{ zone: 'Pacific/Apia', year: 2011, which: 2, minuteOfDay: 90, daysBefore: 40, untilDays: null },
  rule: { unit: 'day', every: 1 } as Rule,
};

describe('a time zone', () => {
  it.each(ZONES)('is %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
    expect(isTimeZone(zone.toLowerCase())).toBe(true);
  });

  it.each(['', 'Berlin', 'Europe/Nowhere', '+02:00', '-0500', 'UTC+2', 'Europe/Berlin ', '../etc', 'x'.repeat(65)])(
    'is not %j',
    (zone) => {
      expect(isTimeZone(zone)).toBe(false);
    },
  );
});

describe('a time on the wall', () => {
  it.each([
    '2026-02-30T02:00',
    '2026-05-01T24:00',
    '2026-05-01T02:60',
    '2026-05-01',
    '2026-5-1T02:00',
    '0000-01-01T00:00',
  ])('is not %j', (text) => {
    expect(parseWallTime(text)).toBeNull();
  });
});
