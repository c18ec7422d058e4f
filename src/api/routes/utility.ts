/** Handlers of health and identity. */
import { getHealth, getMe } from '../../contracts/utility.ts';
import { AppError } from '../../domain/errors.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { instantOrNull } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function utilityRoutes(deps: Pick<ServiceDeps, 'database'>): Route[] {
  return [
    route(getHealth, async () => {
      await deps.database.ping().catch((cause: unknown) => {
        throw new AppError('db_unavailable', 'the database does not answer', { fix: 'see the server log', cause });
      });
      return { status: 'ok' as const };
    }),
    route(getMe, async ({ principal }) => {
      if (principal?.kind !== 'key') {
        return { consumer_name: 'local', scope: 'admin' as const, rate_limit_per_minute: null, expires_at: null };
      }
      const { consumerName, scope, rateLimitPerMinute, expiresAtMs } = principal.key;
      return {
        consumer_name: consumerName,
        scope,
        rate_limit_per_minute: rateLimitPerMinute,
        expires_at: instantOrNull(expiresAtMs),
      };
    }),
  ];
}
