/** The maintenance window that somebody wants. */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../domain/errors.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { type OwnWindow, rememberWindows } from '../store/maintenance-windows.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';

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

/** Another window, or none, takes the place of those in the rows of endpoints: what those covered stays covered. */
export async function keepOwnWindows(
  { clock }: Pick<ServiceDeps, 'clock'>,
  tx: Tx,
  scope: SiteScope,
  endpoints: readonly Pick<Endpoint, 'siteId' | 'endpointId' | 'maintenance' | 'maintenanceSetAtMs'>[],
  wanted: MaintenanceWindow | null | undefined,
): Promise<void> {
  if (wanted === undefined) return;
  const kept = endpoints.flatMap(
    ({ siteId, endpointId, maintenance: window, maintenanceSetAtMs: setAtMs }): OwnWindow[] =>
      window === null || isDeepStrictEqual(wanted, window) ? [] : [{ siteId, endpointId, window, setAtMs }],
  );
  await rememberWindows(tx, scope, kept, clock.nowMs());
}

function refusal(field: string, message: string, fix: string): AppError {
  return new AppError('invalid_field', message, { fix, details: { field } });
}
