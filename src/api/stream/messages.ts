/** What the live stream says about commits and about new results: looked up when it is told, not when it happened. */
import type { StreamMessages } from '../../contracts/utility.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { EVERY_SITE, scoped } from '../../domain/site-scope.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { siteStates } from '../../services/site-states.ts';
import type { Committed } from '../../store/changes.ts';
import type { LoggedTransition } from '../../store/transition-log.ts';
import { latestReply, transitionReply } from '../replies.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Sites whose state is asked for in one go. */
const SITES_AT_ONCE = 200;

export function loggedOf({ siteId, endpointId, checkType, transitions }: Committed): LoggedTransition[] {
  return transitions.map((transition) => ({ siteId, endpointId, checkType, transition }));
}

/** One message each, in their order. */
export async function transitionMessages(
  deps: Deps,
  logged: readonly LoggedTransition[],
): Promise<StreamMessages['transition'][]> {
  const siteIds = [...new Set(logged.map(({ siteId }) => siteId))];
  const states = new Map<SiteId, StreamMessages['transition']['site_state']>();
  for (let from = 0; from < siteIds.length; from += SITES_AT_ONCE) {
    const some = await siteStates(deps, EVERY_SITE, siteIds.slice(from, from + SITES_AT_ONCE));
    for (const [siteId, state] of some) states.set(siteId, state);
  }
  return logged.map(({ siteId, endpointId, checkType, transition }) => ({
    site_id: siteId,
    endpoint_id: endpointId,
    check_type: checkType,
    transition: transitionReply(transition),
    site_state: states.get(siteId) ?? 'Unknown',
  }));
}

/** The newest result of each of at most 200 endpoints; those of sites that are gone are left out. */
export async function checkedMessage(
  deps: Deps,
  batch: readonly (readonly [EndpointId, SiteId])[],
): Promise<StreamMessages['checked']> {
  const siteIds = batch.map(([, siteId]) => siteId);
  const states = await siteStates(deps, EVERY_SITE, siteIds);
  const results = batch.flatMap(([endpointId, siteId]) => {
    const latest = deps.runtime.latest(scoped(EVERY_SITE, endpointId));
    const state = states.get(siteId);
    if (latest === null || state === undefined) return [];
    return [{ site_id: siteId, endpoint_id: endpointId, site_state: state, latest: latestReply(latest) }];
  });
  return { results };
}
