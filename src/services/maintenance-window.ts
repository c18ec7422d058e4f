/** The maintenance window that somebody wants. */
import { AppError } from '../domain/errors.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';

/** As it was sent; null or empty: none. */
type Sent = string | null | undefined;

/** From two RFC 3339 instants. Undefined: nothing was said; null: there is to be none. Throws `invalid_field`. */
export function maintenanceWindow(start: Sent, end: Sent): MaintenanceWindow | null | undefined {
  if (start === undefined && end === undefined) return undefined;
  if (!start && !end && start !== undefined && end !== undefined) return null;
  if (!start || !end) {
    const missing = end === undefined || (start && !end) ? 'maintenance_end' : 'maintenance_start';
    throw refusal(
      missing,
      `a maintenance window has a start and an end, and ${missing} is missing`,
      'send both, or null for both',
    );
  }
  const window = { startMs: Date.parse(start), endMs: Date.parse(end) };
  if (window.startMs < window.endMs) return window;
  throw refusal('maintenance_end', 'maintenance_end is not after maintenance_start', 'choose a later maintenance_end');
}

function refusal(field: string, message: string, fix: string): AppError {
  return new AppError('invalid_field', message, { fix, details: { field } });
}
