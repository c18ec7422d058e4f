/** Maintenance that comes again: by days, weeks or months, at one time on the wall of one place. */
import type { MaintenanceWindow } from './maintenance.ts';
import { instantOf, type WallTime } from './time-zone.ts';

export const DAY_MS = 86_400_000;

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export type Weekday = (typeof WEEKDAYS)[number];

/** `every`: 2 is every other. Weeks begin on Monday. In a month without the day of the rule it is the last one. */
export type Rule =
  | { unit: 'day'; every: number }
  | { unit: 'week'; every: number; days: readonly Weekday[] }
  | { unit: 'month'; every: number; day: number };

export type OneOff = { kind: 'once' } & MaintenanceWindow;

/**
 * Begins whenever the clocks of `zone` show the time of `first` on a day of the rule, from that day on: where they skip
 * it, at the next instant there is; where they show it twice, at the first. It lasts as long as is said, in elapsed time.
 */
export type Recurring = {
  kind: 'recurring';
  first: WallTime;
  durationMs: number;
  rule: Rule;
  /** An IANA name. */
  zone: string;
  /** What would begin then or later does not come any more; null: it goes on. */
  untilMs: number | null;
};

export type Timing = OneOff | Recurring;

/** Nothing is planned beyond, so that every search ends. */
export const PLANNED_UNTIL_MS = Date.UTC(2200, 0, 1);

/** In the order they begin, from the first that is not over at `fromMs` on. Ask for no more than you need. */
export function* occurrencesFrom(timing: Timing, fromMs: number): Generator<MaintenanceWindow, undefined> {
  if (timing.kind === 'once') {
    const { startMs, endMs } = timing;
    if (endMs > fromMs) yield { startMs, endMs };
    return undefined;
  }
  const { first, durationMs, rule, zone } = timing;
  const lastMs = Math.min(timing.untilMs ?? PLANNED_UNTIL_MS, PLANNED_UNTIL_MS);
  // Clocks show the day before or after that of UTC.
  const earliest = Math.floor((Math.max(fromMs, 0) - durationMs) / DAY_MS) - 2;
  for (let day = Math.max(first.day, earliest); day * DAY_MS < lastMs + 2 * DAY_MS; day += 1) {
    if (!fallsOn(rule, first.day, day)) continue;
    const startMs = instantOf(zone, { day, ms: first.ms });
    if (startMs >= lastMs) return undefined;
    if (startMs + durationMs > fromMs) yield { startMs, endMs: startMs + durationMs };
  }
  return undefined;
}

/** When it begins for the first time; null: it never does. */
export function firstStartMs(timing: Timing): number | null {
  return timing.kind === 'once' ? timing.startMs : (occurrencesFrom(timing, 0).next().value?.startMs ?? null);
}

function fallsOn(rule: Rule, first: number, day: number): boolean {
  switch (rule.unit) {
    case 'day':
      return (day - first) % rule.every === 0;
    case 'week':
      return (weekOf(day) - weekOf(first)) % rule.every === 0 && rule.days.includes(weekdayOf(day));
    case 'month': {
      const date = dateOf(day);
      const isLast = dateOf(day + 1).date === 1;
      if (date.date !== rule.day && !(isLast && rule.day > date.date)) return false;
      return (date.month - dateOf(first).month) % rule.every === 0;
    }
  }
}

/** 1970-01-01 was a Thursday. */
function weekOf(day: number): number {
  return Math.floor((day + 3) / 7);
}

export function weekdayOf(day: number): Weekday {
  return WEEKDAYS[(((day + 3) % 7) + 7) % 7] ?? 'mon';
}

function dateOf(day: number): { date: number; month: number } {
  const date = new Date(day * DAY_MS);
  return { date: date.getUTCDate(), month: date.getUTCFullYear() * 12 + date.getUTCMonth() };
}

/** The longest that one occurrence may last so that, summer time aside, it is over when the next one begins. */
export function longestMs(rule: Rule): number {
  switch (rule.unit) {
    case 'day':
      return rule.every * DAY_MS;
    case 'week': {
      const at = WEEKDAYS.flatMap((name, index) => (rule.days.includes(name) ? [index] : []));
      const [first = 0] = at;
      const gaps = at.map((index, i) => (at[i + 1] ?? first + 7 * rule.every) - index);
      return Math.min(...gaps) * DAY_MS;
    }
    case 'month':
      return rule.every * 28 * DAY_MS;
  }
}
