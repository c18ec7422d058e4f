/** The one list of routes. Adding a resource is one file and one line here. */
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import type { Route } from '../serve-contract.ts';
import { eventRoutes } from './events.ts';
import { siteRoutes } from './sites.ts';
import { type StatusOf, statusRoutes } from './status.ts';
import { type ProberStatsOf, utilityRoutes } from './utility.ts';

export function allRoutes(
  deps: ServiceDeps,
  policy: SitePolicy,
  told: { proberStats: ProberStatsOf; status: StatusOf | null },
): Route[] {
  return [
    ...utilityRoutes(deps, told.proberStats),
    ...statusRoutes(told.status),
    ...siteRoutes(deps, policy),
    ...eventRoutes(deps),
  ];
}
