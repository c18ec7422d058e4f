/** Handlers of the rollup rules of a site. */
import {
  deleteRollupRules,
  getRollupRules,
  type RollupRules as Reply,
  setRollupRules,
} from '../../contracts/rollup-rules.ts';
import type { SiteId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { deleteSiteRules, type SiteRules, setSiteRules, siteRules } from '../../services/rollup-rules.ts';
import { instantOrNull } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function rollupRulesRoutes(deps: ServiceDeps): Route[] {
  return [
    route(getRollupRules, async ({ scope, ids }) => {
      const siteId = ids.site_id as SiteId;
      return rulesReply(siteId, await siteRules(deps, scope, siteId));
    }),
    route(setRollupRules, async ({ scope, ids, body }) => {
      const siteId = ids.site_id as SiteId;
      return rulesReply(siteId, await setSiteRules(deps, scope, siteId, body));
    }),
    route(deleteRollupRules, async ({ scope, ids }) => {
      await deleteSiteRules(deps, scope, ids.site_id as SiteId);
      return undefined;
    }),
  ];
}

function rulesReply(siteId: SiteId, { rules, updatedAtMs }: SiteRules): Reply {
  return {
    site_id: siteId,
    endpoints: Object.fromEntries([...rules.endpoints].map(([id, criticality]) => [String(id), { criticality }])),
    non_critical_cap: rules.nonCriticalCap,
    endpoint_rule: rules.endpointRule,
    site_checks: Object.fromEntries([...rules.siteChecks].map(([checkType, mode]) => [checkType, { mode }])),
    reverse: { mode: rules.reverse },
    unknown_mode: rules.unknownMode,
    updated_at: instantOrNull(updatedAtMs),
  };
}
