/** An instant as people give it: a span before now, or RFC 3339. */
import { AppError } from '../domain/errors.ts';
import { parseDuration } from '../lib/duration.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** Milliseconds since the epoch, from 0 on. Throws AppError `invalid_arguments`, which names the option. */
export function parseInstant(option: string, text: string, nowMs: number): number {
  const seconds = parseDuration(text);
  const timeMs = seconds === null ? instantIn(text) : nowMs - seconds * 1_000;
  if (timeMs !== null) return Math.max(0, timeMs);
  throw new AppError('invalid_arguments', `${option} ${text} is neither a span of time nor an instant`, {
    fix: 'write it as `24h` or `2026-01-31T22:00:00Z`',
  });
}

/** Null also for a day that no month has. */
function instantIn(text: string): number | null {
  const timeMs = RFC_3339.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(timeMs)) return null;
  const day = Number(text.slice(8, 10));
  return new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day ? timeMs : null;
}
