/** Handlers of the endpoints of a site. */
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpointEvents,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  updateEndpoint,
} from '../../contracts/endpoints.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { addEndpoint, updateEndpoint as change, deleteEndpoint as remove } from '../../services/change-endpoint.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import {
  type EndpointPath,
  findEndpoint,
  listEndpoints as list,
  requireEndpoint,
} from '../../services/find-endpoint.ts';
import { listEvents } from '../../services/list-events.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { isTrue } from '../query.ts';
import { endpointDetailReply, eventReply, siteEndpointReply } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';
import { changesOf, settingsOf } from '../site-settings.ts';
import { eventFilters } from './events.ts';

export function endpointRoutes(deps: ServiceDeps, policy: SitePolicy): Route[] {
  return [
    route(listEndpoints, async ({ scope, ids, query }) => {
      const page = await list(deps, scope, {
        siteId: ids.site_id as SiteId,
        afterId: idAtCursor<EndpointId>(query.cursor),
        limit: query.limit,
        active: query.monitor_active === undefined ? null : isTrue(query.monitor_active),
        removed: query.removed === undefined ? null : isTrue(query.removed),
      });
      return {
        data: page.endpoints.map(siteEndpointReply),
        page: { next: cursorTo(page.next), limit: query.limit },
      };
    }),
    route(getEndpoint, async ({ scope, ids }) => endpointDetailReply(await findEndpoint(deps, scope, pathOf(ids)))),
    route(createEndpoint, async ({ scope, ids, body }) => {
      const wanted = { siteId: ids.site_id as SiteId, url: body.monitor_url, ...settingsOf(body) };
      return endpointDetailReply(await addEndpoint(deps, policy, scope, wanted));
    }),
    route(updateEndpoint, async ({ scope, ids, body }) =>
      endpointDetailReply(await change(deps, policy, scope, pathOf(ids), changesOf(body))),
    ),
    route(deleteEndpoint, async ({ scope, ids }) => {
      await remove(deps, policy, scope, pathOf(ids));
      return undefined;
    }),
    route(pauseEndpoint, async ({ scope, ids }) =>
      endpointDetailReply(await change(deps, policy, scope, pathOf(ids), { active: false })),
    ),
    route(resumeEndpoint, async ({ scope, ids }) =>
      endpointDetailReply(await change(deps, policy, scope, pathOf(ids), { active: true })),
    ),
    route(listEndpointEvents, async ({ scope, ids, query }) => {
      const { siteId, endpointId } = pathOf(ids);
      await requireEndpoint(deps, scope, { siteId, endpointId });
      const page = await listEvents(deps, scope, { siteId, endpointId, limit: query.limit, ...eventFilters(query) });
      const nowMs = deps.clock.nowMs();
      return {
        data: page.events.map((event) => eventReply(event, nowMs)),
        page: { next: cursorTo(page.next), limit: query.limit },
      };
    }),
  ];
}

function pathOf(ids: { site_id: bigint; endpoint_id: bigint }): EndpointPath {
  return { siteId: ids.site_id as SiteId, endpointId: ids.endpoint_id as EndpointId };
}
