/** Time on the wall of a place, and the instants it stands for. The rules of the places are those the runtime knows. */

const DAY_MS = 86_400_000;

/** What a clock and a calendar on the wall show. */
export type WallTime = {
  /** Days since 1970-01-01. */
  day: number;
  /** Milliseconds since midnight by the clock on the wall: less than a day, on a day of 23 hours as well. */
  ms: number;
};

/** An IANA name. Offsets such as `+02:00` are none: they know of no summer time. */
const NAME = /^[a-z][a-z0-9_+-]*(\/[a-z0-9_+-]+)*$/i;
const MAX_NAME = 64;

export function isTimeZone(name: string): boolean {
  if (name.length > MAX_NAME || !NAME.test(name)) return false;
  try {
    return formatterOf(name) !== null;
  } catch {
    return false;
  }
}

/** One is costly to make, and there are some hundred names. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Throws `RangeError` for what is no time zone. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const name = zone.toLowerCase();
  const known = formatters.get(name);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  formatters.set(name, made);
  return made;
}

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/** How far the clocks of a place were ahead of UTC, ms. Throws `RangeError` for what is no time zone. */
export function offsetMs(zone: string, atMs: number): number {
  const match = OFFSET.exec(formatterOf(zone).format(atMs));
  if (match === null) throw new Error(`the offset of ${zone} cannot be read`);
  const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
  const size = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -size : size;
}

export function wallTimeAt(zone: string, atMs: number): WallTime {
  const naive = atMs + offsetMs(zone, atMs);
  const day = Math.floor(naive / DAY_MS);
  return { day, ms: naive - day * DAY_MS };
}

/**
 * The first instant at which the clocks show this. Where they skip it, the instant at which they skip: the first one
 * that is there.
 */
export function instantOf(zone: string, { day, ms }: WallTime): number {
  const naive = day * DAY_MS + ms;
  const [before, after] = [offsetMs(zone, naive - DAY_MS), offsetMs(zone, naive + DAY_MS)];
  if (before === after) return naive - before;
  const shown = [naive - before, naive - after].filter((atMs) => atMs + offsetMs(zone, atMs) === naive);
  if (shown.length > 0) return Math.min(...shown);
  // Skipped: the change lies between, because clocks that skip are set forward.
  let [low, high] = [naive - after, naive - before];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

const WRITTEN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/;

/** From `2026-05-01T02:00` or `2026-05-01T02:00:00`; null for what is none, such as the 30th of February. */
export function parseWallTime(text: string): WallTime | null {
  const match = WRITTEN.exec(text);
  if (match === null) return null;
  const [, year, month, date, hours, minutes, seconds] = match.map((part) => Number(part ?? 0)) as [0, ...WallNumbers];
  const midnight = new Date(Date.UTC(year, month - 1, date));
  const isDate = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === date && year >= 1000;
  if (!isDate || hours > 23 || minutes > 59 || seconds > 59) return null;
  return { day: midnight.getTime() / DAY_MS, ms: (hours * 3_600 + minutes * 60 + seconds) * 1_000 };
}

type WallNumbers = [year: number, month: number, date: number, hours: number, minutes: number, seconds: number];

/** As `2026-05-01T02:00:00`. */
export function formatWallTime({ day, ms }: WallTime): string {
  return new Date(day * DAY_MS + ms).toISOString().slice(0, 19);
}
