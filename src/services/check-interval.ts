/** How often a site may be checked. */
import { AppError } from '../domain/errors.ts';

/** Longest interval: a week. */
const MAX_SECONDS = 604_800;

/** Throws `invalid_field` for an interval outside of what this server allows. */
export function checkInterval(seconds: number, minSeconds: number): number {
  if (Number.isInteger(seconds) && seconds >= minSeconds && seconds <= MAX_SECONDS) return seconds;
  throw new AppError(
    'invalid_field',
    `check_interval_seconds is ${seconds}, this server allows ${minSeconds} to ${MAX_SECONDS}`,
    {
      fix: `choose an interval of at least ${minSeconds} s, or set MIN_CHECK_INTERVAL_SECONDS lower`,
      details: { field: 'check_interval_seconds', minimum: minSeconds, maximum: MAX_SECONDS },
    },
  );
}
