/** The one list of routes. Adding a resource is one file and one line here. */
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import type { Route } from '../serve-contract.ts';
import { eventRoutes } from './events.ts';
import { siteRoutes } from './sites.ts';
import { type ProberStatsOf, utilityRoutes } from './utility.ts';

export function allRoutes(deps: ServiceDeps, policy: SitePolicy, proberStats: ProberStatsOf): Route[] {
  return [...utilityRoutes(deps, proberStats), ...siteRoutes(deps, policy), ...eventRoutes(deps)];
}
