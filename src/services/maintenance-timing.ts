/** When maintenance is to be, from what was sent: once or again and again, in the time of a place. */
import { AppError } from '../domain/errors.ts';
import { currentOrNext, type Planned } from '../domain/planned-maintenance.ts';
import {
  DAY_MS,
  firstStartMs,
  longestMs,
  PLANNED_UNTIL_MS,
  type Rule,
  type Timing,
  type Weekday,
  weekdayOf,
} from '../domain/recurrence.ts';
import { formatWallTime, instantOf, isTimeZone, parseWallTime, wallTimeAt } from '../domain/time-zone.ts';

export type SentRecurrence = {
  frequency: 'daily' | 'weekly' | 'monthly';
  /** 2: every other. */
  interval: number;
  /** Of weeks; absent: the day of the week on which it begins. */
  days?: readonly Weekday[] | undefined;
  /** Of months; absent: the day of the month on which it begins. */
  dayOfMonth?: number | undefined;
  /** See `SentTiming.start`. */
  until?: string | null | undefined;
};

export type SentTiming = {
  /** RFC 3339, or a time on the wall of the zone such as `2026-05-01T02:00`. */
  start: string;
  /** The same; only of what comes once. */
  end?: string | undefined;
  durationMs?: number | undefined;
  zone: string;
  recurrence: SentRecurrence | null;
};

const LONGEST_ONCE_MS = 366 * DAY_MS;
const LONGEST_RECURRING_MS = 31 * DAY_MS;
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** Throws `invalid_field` for a member that makes no sense and `invalid_window` where they make none together. */
export function timingOf(sent: SentTiming): Timing {
  if (!isTimeZone(sent.zone)) {
    throw fieldRefusal(
      'time_zone',
      `"${sent.zone}" is no time zone`,
      'write an IANA name such as Europe/Berlin or UTC',
    );
  }
  const timing = sent.recurrence === null ? onceOf(sent) : recurringOf(sent, sent.recurrence);
  if (firstStartMs(timing) === null) {
    throw windowRefusal('the window would end before it begins for the first time', 'choose a later until');
  }
  return timing;
}

function onceOf({ start, end, durationMs, zone }: SentTiming): Timing {
  const startMs = instantIn('start', start, zone);
  if ((end === undefined) === (durationMs === undefined)) {
    throw windowRefusal('a window that comes once has either an end or a duration', 'send end or duration_minutes');
  }
  const endMs = end === undefined ? startMs + (durationMs ?? 0) : instantIn('end', end, zone);
  if (endMs <= startMs) throw windowRefusal('end is not after start', 'choose a later end');
  if (endMs - startMs > LONGEST_ONCE_MS) {
    throw windowRefusal('the window is longer than 366 days', 'pause the site instead, or choose an earlier end');
  }
  return { kind: 'once', startMs, endMs };
}

function recurringOf({ start, end, durationMs, zone }: SentTiming, recurrence: SentRecurrence): Timing {
  if (end !== undefined || durationMs === undefined) {
    throw windowRefusal(
      'a window that comes again has a duration instead of an end',
      'send duration_minutes, and recurrence.until for the day on which all of it ends',
    );
  }
  const first = parseWallTime(start) ?? wallTimeAt(zone, instantIn('start', start, zone));
  instantIn('start', formatWallTime(first), zone);
  const rule = ruleOf(recurrence, first.day);
  if (durationMs > Math.min(longestMs(rule), LONGEST_RECURRING_MS)) {
    throw windowRefusal(
      'one occurrence would last until the next one begins, or longer than 31 days',
      'choose a shorter duration, or pause the site',
    );
  }
  const { until } = recurrence;
  const untilMs = until === undefined || until === null ? null : instantIn('recurrence.until', until, zone);
  return { kind: 'recurring', first, durationMs, rule, zone, untilMs };
}

function ruleOf({ frequency, interval, days, dayOfMonth }: SentRecurrence, firstDay: number): Rule {
  if (frequency !== 'weekly' && days !== undefined) {
    throw windowRefusal('days are for windows that come weekly', 'leave out recurrence.days, or send weekly');
  }
  if (frequency !== 'monthly' && dayOfMonth !== undefined) {
    throw windowRefusal('day_of_month is for windows that come monthly', 'leave it out, or send monthly');
  }
  switch (frequency) {
    case 'daily':
      return { unit: 'day', every: interval };
    case 'weekly':
      return { unit: 'week', every: interval, days: days ?? [weekdayOf(firstDay)] };
    case 'monthly':
      return { unit: 'month', every: interval, day: dayOfMonth ?? new Date(firstDay * DAY_MS).getUTCDate() };
  }
}

/** Without one it would be a time by the clocks of this machine. */
const HAS_OFFSET = /T.*(?:Z|[+-]\d\d:?\d\d)$/i;

function instantIn(field: string, text: string, zone: string): number {
  const wall = parseWallTime(text);
  const atMs = wall === null ? (HAS_OFFSET.test(text) ? Date.parse(text) : Number.NaN) : instantOf(zone, wall);
  if (atMs >= EARLIEST_MS && atMs < PLANNED_UNTIL_MS) return atMs;
  throw fieldRefusal(
    field,
    `${field} is not an instant from 2000 to 2199`,
    'write it as 2026-05-01T02:00:00Z, or as 2026-05-01T02:00 by the clocks of time_zone',
  );
}

/** A plan from now on. Throws `invalid_window` where nothing of it lies ahead. */
export function planFrom(timing: Timing, fromMs: number, nowMs: number): Planned {
  const plan: Planned = { timing, fromMs, endedAtMs: null };
  if (currentOrNext(plan, nowMs) !== null) return plan;
  throw windowRefusal('the window would be over already', 'choose a later end: what was seen before stays as it was');
}

/** As it would have to be sent. */
export function sentOf(timing: Timing, zone: string): SentTiming & { durationMs: number } {
  if (timing.kind === 'once') {
    const { startMs, endMs } = timing;
    return { start: new Date(startMs).toISOString(), durationMs: endMs - startMs, zone, recurrence: null };
  }
  const { first, durationMs, rule, untilMs } = timing;
  const until = untilMs === null ? null : new Date(untilMs).toISOString();
  return { start: formatWallTime(first), durationMs, zone, recurrence: { ...recurrenceOf(rule), until } };
}

export function recurrenceOf(rule: Rule): Omit<SentRecurrence, 'until'> {
  switch (rule.unit) {
    case 'day':
      return { frequency: 'daily', interval: rule.every };
    case 'week':
      return { frequency: 'weekly', interval: rule.every, days: rule.days };
    case 'month':
      return { frequency: 'monthly', interval: rule.every, dayOfMonth: rule.day };
  }
}

export function windowRefusal(message: string, fix: string): AppError {
  return new AppError('invalid_window', message, { fix });
}

function fieldRefusal(field: string, message: string, fix: string): AppError {
  return new AppError('invalid_field', message, { fix, details: { field } });
}
