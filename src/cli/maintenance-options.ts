/** What `jetmon2 maintenance add` takes: when, how often, for how long. */
import type { PlanSiteMaintenance } from '../contracts/maintenance.ts';
import { AppError } from '../domain/errors.ts';
import { WEEKDAYS, type Weekday } from '../domain/recurrence.ts';
import { formatWallTime, isTimeZone, wallTimeAt } from '../domain/time-zone.ts';
import { parseDuration } from '../lib/duration.ts';

export type TimingOptions = {
  from?: string;
  to?: string;
  for?: string;
  every?: string;
  on?: string;
  at?: string;
  until?: string;
  zone: string;
};

type Timing = Pick<PlanSiteMaintenance, 'start' | 'end' | 'duration_minutes' | 'time_zone' | 'recurrence'>;

/** Throws `invalid_arguments`. */
export function timingIn(options: TimingOptions, nowMs: number): Timing {
  const { to, every, zone } = options;
  if (!isTimeZone(zone)) throw refusal(`--zone ${zone} is no time zone`, 'write an IANA name such as Europe/Berlin');
  const lasts = options.for === undefined ? {} : { duration_minutes: minutesIn('--for', options.for) };
  if (every === undefined) {
    const extra = (['on', 'at', 'until'] as const).find((name) => options[name] !== undefined);
    if (extra !== undefined) {
      throw refusal(`--${extra} is for maintenance that comes again`, 'name how often, as in `--every week`');
    }
    const start = options.from === undefined ? new Date(nowMs).toISOString() : momentIn(options.from);
    return { start, ...(to === undefined ? {} : { end: momentIn(to) }), ...lasts, time_zone: zone };
  }
  if (to !== undefined) throw refusal('--to is for maintenance that comes once', 'say how long it lasts with --for');
  return { start: firstIn(options, nowMs), ...lasts, time_zone: zone, recurrence: recurrenceIn(every, options) };
}

/** The first day it may begin on, at the time of `--at`. */
function firstIn({ from, at, zone }: TimingOptions, nowMs: number): string {
  if (at === undefined) {
    if (from !== undefined) return momentIn(from);
    throw refusal('it is not said at what time of the day it begins', 'add the time, as in `--at 02:00`');
  }
  if (!/^\d\d:\d\d$/.test(at)) throw refusal(`--at ${at} is not a time of the day`, 'write it as `02:00`');
  const today = formatWallTime(wallTimeAt(zone, nowMs)).slice(0, 10);
  if (from !== undefined && !DATE.test(from)) {
    throw refusal(`--from ${from} is not a day`, 'with --at, write it as `2026-05-01`');
  }
  return `${from ?? today}T${at}`;
}

const DATE = /^\d{4}-\d\d-\d\d$/;

function momentIn(text: string): string {
  return DATE.test(text) ? `${text}T00:00` : text.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T');
}

const FREQUENCIES = { day: 'daily', week: 'weekly', month: 'monthly' } as const;

function recurrenceIn(every: string, { on, until }: TimingOptions): NonNullable<Timing['recurrence']> {
  const match = /^(?:(\d{1,2}) ?)?(day|week|month)s?$/.exec(every.trim());
  if (match === null)
    throw refusal(`--every ${every} is not how often`, 'write day, week, month, or such as `2 weeks`');
  const unit = match[2] as keyof typeof FREQUENCIES;
  return {
    frequency: FREQUENCIES[unit],
    interval: Number(match[1] ?? 1),
    ...(on === undefined ? {} : onIn(unit, on)),
    ...(until === undefined ? {} : { until: momentIn(until) }),
  };
}

function onIn(unit: keyof typeof FREQUENCIES, on: string): { days: Weekday[] } | { day_of_month: number } {
  if (unit === 'month' && /^\d{1,2}$/.test(on)) return { day_of_month: Number(on) };
  const names = on.split(',').map((name) => name.trim().toLowerCase().slice(0, 3));
  const days = WEEKDAYS.filter((day) => names.includes(day));
  if (unit === 'week' && days.length === new Set(names).size) return { days };
  const example = unit === 'month' ? '`--on 15`' : '`--every week --on mon,thu`';
  throw refusal(`--on ${on} does not go with --every ${unit}`, `write it as in ${example}`);
}

/** Throws `invalid_arguments`. */
export function minutesIn(option: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds >= 60 && seconds % 60 === 0) return seconds / 60;
  throw refusal(`${option} ${text} is not a span of whole minutes`, 'write it as `30m` or `2h`');
}

function refusal(message: string, fix: string): AppError {
  return new AppError('invalid_arguments', message, { fix });
}
