/** What the live stream says about a commit and about new results: looked up when it is told, not when it happened. */
import type { StreamMessages } from '../contracts/utility.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { ServiceDeps } from '../services/deps.ts';
import { siteStates } from '../services/site-states.ts';
import type { Committed } from '../store/changes.ts';
import { latestReply, transitionReply } from './replies.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** One message per transition, each with its id. */
export async function transitionMessages(
  deps: Deps,
  { siteId, endpointId, checkType, transitions }: Committed,
): Promise<{ id: bigint; message: StreamMessages['transition'] }[]> {
  const state = (await siteStates(deps, EVERY_SITE, [siteId])).get(siteId) ?? 'Unknown';
  return transitions.map((transition) => ({
    id: transition.transitionId,
    message: {
      site_id: siteId,
      endpoint_id: endpointId,
      check_type: checkType,
      transition: transitionReply(transition),
      site_state: state,
    },
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
    const latest = deps.runtime.latest(endpointId);
    const state = states.get(siteId);
    if (latest === null || state === undefined) return [];
    return [{ site_id: siteId, endpoint_id: endpointId, site_state: state, latest: latestReply(latest) }];
  });
  return { results };
}
