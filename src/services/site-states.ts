/** The present state of several sites at once, for those who follow along. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { ServiceDeps } from './deps.ts';
import { viewSites } from './site-view.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** At most 200 sites; those that do not exist are left out. */
export async function siteStates(deps: Deps, scope: SiteScope, siteIds: Iterable<SiteId>): Promise<Map<SiteId, State>> {
  const views = await viewSites(deps, scope, await deps.endpoints.bySites(scope, [...new Set(siteIds)]));
  return new Map(views.map((view) => [view.siteId, view.rolledUp.state]));
}
