/** The handler of the status page: what it says is put together by whoever runs the server. */
import type { ReplyOf } from '../../contracts/contract.ts';
import { getStatus } from '../../contracts/status.ts';
import { AppError } from '../../domain/errors.ts';
import { type Route, route } from '../serve-contract.ts';

export type Status = ReplyOf<typeof getStatus>;
export type StatusOf = () => Promise<Status>;

/** `status` null: this API is served by a command, beside which no server runs. */
export function statusRoutes(status: StatusOf | null): Route[] {
  return [
    route(getStatus, async () => {
      if (status !== null) return status();
      throw new AppError('server_not_running', 'no server runs here', { fix: 'start one with `jetmon2 serve`' });
    }),
  ];
}
