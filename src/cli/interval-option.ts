/** The `--every` option: how often a site is checked. */
import { AppError } from '../domain/errors.ts';
import { parseDuration } from '../lib/duration.ts';

/** Seconds. Throws AppError `invalid_arguments` for what is no span of time. */
export function parseEvery(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds > 0) return seconds;
  throw new AppError('invalid_arguments', `--every ${text} is not a span of time`, {
    fix: 'write it as `60s` or `5m`',
  });
}
