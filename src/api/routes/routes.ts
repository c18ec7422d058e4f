/** The one list of routes. Adding a resource is one file and one line here. */
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import type { LookNow } from '../../services/look-now.ts';
import type { Route } from '../serve-contract.ts';
import { auditRoutes } from './audit.ts';
import { bulkRoutes } from './bulk.ts';
import { checkRoutes } from './checks.ts';
import { endpointRoutes } from './endpoints.ts';
import { eventRoutes } from './events.ts';
import { fleetRoutes } from './fleet.ts';
import { maintenanceRoutes } from './maintenance.ts';
import { rollupRulesRoutes } from './rollup-rules.ts';
import { siteOperationRoutes } from './site-operations.ts';
import { siteRoutes } from './sites.ts';
import { statisticsRoutes } from './statistics.ts';
import { type StatusOf, statusRoutes } from './status.ts';
import { type ProberStatsOf, utilityRoutes } from './utility.ts';
import { type VerifiersOf, verifierRoutes } from './verifiers.ts';

export function allRoutes(
  deps: ServiceDeps,
  policy: SitePolicy,
  told: { proberStats: ProberStatsOf; status: StatusOf | null; verifiers: VerifiersOf | null; lookNow: LookNow | null },
): Route[] {
  return [
    ...utilityRoutes(deps, told.proberStats),
    ...statusRoutes(told.status),
    ...siteRoutes(deps, policy),
    ...fleetRoutes(deps),
    ...auditRoutes(deps),
    ...verifierRoutes(told.verifiers),
    ...siteOperationRoutes(deps, policy, told.lookNow),
    ...endpointRoutes(deps, policy),
    ...checkRoutes(deps, policy),
    ...rollupRulesRoutes(deps),
    ...bulkRoutes(deps, policy),
    ...eventRoutes(deps),
    ...maintenanceRoutes(deps),
    ...statisticsRoutes(deps),
  ];
}
