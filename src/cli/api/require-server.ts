/** For commands that have something looked at. */
import { AppError } from '../../domain/errors.ts';
import type { Api } from './connection.ts';

/** Throws `server_not_running` where the API runs over the data file alone: nothing would look at sites. */
export function requireServer({ isInProcess }: Pick<Api, 'isInProcess'>): void {
  if (!isInProcess) return;
  throw new AppError('server_not_running', 'no server runs on this data folder, so nothing would look at a site', {
    fix: 'start one with `EGRESS_ALLOW=127.0.0.0/8 jetmon2 serve`, or name another with --base-url',
  });
}
