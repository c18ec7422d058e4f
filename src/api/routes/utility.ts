/** Handlers of health, identity and how the prober fares. */
import type { ReplyOf } from '../../contracts/contract.ts';
import { getHealth, getMe, getProber } from '../../contracts/utility.ts';
import { AppError } from '../../domain/errors.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { instantOrNull } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

/** How the prober fares; null where none runs. */
export type ProberStatsOf = () => Omit<ReplyOf<typeof getProber>, 'void_rate'> | null;

const NO_PROBER = { threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };

export function utilityRoutes(deps: Pick<ServiceDeps, 'database'>, proberStats: ProberStatsOf): Route[] {
  return [
    route(getHealth, async () => {
      await deps.database.ping().catch((cause: unknown) => {
        throw new AppError('db_unavailable', 'the database does not answer', { fix: 'see the server log', cause });
      });
      return { status: 'ok' as const };
    }),
    route(getProber, async () => {
      const stats = proberStats() ?? NO_PROBER;
      return { ...stats, void_rate: stats.visits === 0 ? 0 : stats.voided / stats.visits };
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
