/** Handlers of health, identity and how the prober fares. */
import type { ReplyOf } from '../../contracts/contract.ts';
import { getHealth, getMe, getProber } from '../../contracts/utility.ts';
import { COARSE_SCOPES, wordsOf } from '../../domain/grants.ts';
import { createDatabaseAnswers } from '../../services/database-answers.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import type { Principal } from '../principal.ts';
import { instantOrNull } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

/** How the prober fares; null where none runs. */
export type ProberStatsOf = () => Omit<ReplyOf<typeof getProber>, 'void_rate'> | null;

const NO_PROBER = { threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };

export function utilityRoutes(deps: Pick<ServiceDeps, 'database' | 'clock'>, proberStats: ProberStatsOf): Route[] {
  const databaseAnswers = createDatabaseAnswers(deps);
  return [
    route(getHealth, async () => {
      await databaseAnswers();
      return { status: 'ok' as const };
    }),
    route(getProber, async () => {
      const stats = proberStats() ?? NO_PROBER;
      return { ...stats, void_rate: stats.visits === 0 ? 0 : stats.voided / stats.visits };
    }),
    route(getMe, async ({ principal }) => meReply(principal)),
  ];
}

function meReply(principal: Principal | null): ReplyOf<typeof getMe> {
  if (principal === null || principal.kind === 'local') {
    const local = { consumer_name: 'local', scope: 'admin' as const, scopes: ['admin' as const] };
    return { ...local, is_gateway: false, tenant_id: null, rate_limit_per_minute: null, expires_at: null };
  }
  const { key, grants, tenantId } = principal;
  const scopes = wordsOf(grants);
  return {
    consumer_name: key.consumerName,
    scope: COARSE_SCOPES.find((word) => scopes[0] === word) ?? null,
    scopes,
    is_gateway: key.isGateway,
    tenant_id: tenantId,
    rate_limit_per_minute: key.rateLimitPerMinute,
    expires_at: instantOrNull(key.expiresAtMs),
  };
}
