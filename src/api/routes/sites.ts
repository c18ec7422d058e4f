/** Handlers of /api/v1/sites. */
import type { QueryOf } from '../../contracts/contract.ts';
import { createSite, deleteSite, getSite, listSites, updateSite } from '../../contracts/sites.ts';
import { AppError } from '../../domain/errors.ts';
import type { SiteId } from '../../domain/ids.ts';
import { STATES, type State } from '../../domain/state.ts';
import { createSite as create } from '../../services/create-site.ts';
import { deleteSite as remove } from '../../services/delete-site.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import { findSite } from '../../services/find-site.ts';
import { listSites as list } from '../../services/list-sites.ts';
import { updateSite as update } from '../../services/update-site.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { isTrue, listOf } from '../query.ts';
import { siteDetailReply, siteReply, siteReplyWithBatch } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';
import { changesOf, newSiteOf } from '../site-settings.ts';

export function siteRoutes(deps: ServiceDeps, policy: SitePolicy): Route[] {
  return [
    route(listSites, async ({ scope, query }) => {
      const page = await list(deps, scope, {
        afterSiteId: idAtCursor<SiteId>(query.cursor),
        limit: query.limit,
        states: statesOf(query),
        minSeverity: query.severity__gte ?? 0,
        active: query.monitor_active === undefined ? null : isTrue(query.monitor_active),
        removed: query.removed === undefined ? null : isTrue(query.removed),
        urlContains: query.q ?? null,
      });
      const isBatchShown = query.include_cli_metadata !== undefined && isTrue(query.include_cli_metadata);
      return {
        data: page.sites.map(isBatchShown ? siteReplyWithBatch : siteReply),
        page: { next: cursorTo(page.next), limit: query.limit },
      };
    }),
    route(getSite, async ({ scope, ids }) => siteDetailReply(await findSite(deps, scope, ids.site_id as SiteId))),
    route(createSite, async ({ scope, body }) => {
      return siteReply(await create(deps, policy, scope, newSiteOf(body)));
    }),
    route(updateSite, async ({ scope, ids, body }) => {
      return siteReply(await update(deps, policy, scope, ids.site_id as SiteId, changesOf(body)));
    }),
    route(deleteSite, async ({ scope, ids }) => {
      await remove(deps, policy, scope, ids.site_id as SiteId);
      return undefined;
    }),
  ];
}

/** Null: sites in every state. */
function statesOf({ state, state__in: list }: QueryOf<typeof listSites>): readonly State[] | null {
  if (state === undefined) return list === undefined ? null : listOf('state__in', list, STATES, 'invalid_state_filter');
  if (list === undefined) return [state];
  throw new AppError('invalid_state_filter', 'state and state__in exclude each other', { fix: 'keep one of them' });
}
