/** The stretch of time that figures are asked for. */
import { AppError } from '../domain/errors.ts';

export type StatisticsWindow = { fromMs: number; toMs: number };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Longest window anybody may ask for: as far back as history goes. */
const MAX_DAYS = 400;

export const WINDOW_NAMES = ['1h', '24h', '1d', '7d', '30d', '90d'] as const;

const LENGTHS: Readonly<Record<(typeof WINDOW_NAMES)[number], number>> = {
  '1h': HOUR_MS,
  '24h': DAY_MS,
  '1d': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
};

/** As it was sent: a name, or two instants, which win. */
export type WindowQuery = {
  window?: (typeof WINDOW_NAMES)[number] | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

/** A window ends at the present at the latest. Throws `invalid_window`. */
export function statisticsWindow({ window = '24h', from, to }: WindowQuery, nowMs: number): StatisticsWindow {
  if (from === undefined && to === undefined) return { fromMs: nowMs - LENGTHS[window], toMs: nowMs };
  if (from === undefined || to === undefined) {
    const missing = from === undefined ? 'from' : 'to';
    throw refusal(
      missing,
      `a window has two ends, and ${missing} is missing`,
      'send both from and to, or window alone',
    );
  }
  const [fromMs, askedToMs] = [Date.parse(from), Date.parse(to)];
  if (!(fromMs < askedToMs)) throw refusal('to', 'to is not after from', 'choose a later to');
  if (fromMs >= nowMs) throw refusal('from', 'the window lies in the future', 'choose an earlier from');
  const toMs = Math.min(askedToMs, nowMs);
  if (toMs - fromMs <= MAX_DAYS * DAY_MS) return { fromMs, toMs };
  throw refusal('from', `the window is longer than ${MAX_DAYS} days`, 'choose a later from, or ask in parts');
}

/** Of a window in which more happened than can be reckoned with at once. */
export function tooMuchHappened(): AppError {
  return refusal('window', 'too much happened to the site in this window', 'ask for a shorter window');
}

export function refusal(field: string, message: string, fix: string): AppError {
  return new AppError('invalid_window', message, { fix, details: { field } });
}
