/** Handlers of what is done to many sites with one request. */
import {
  type BulkReply,
  bulkCreateSites,
  bulkPauseSites,
  bulkResumeSites,
  bulkUpdateSites,
  type Unfit,
} from '../../contracts/bulk.ts';
import { CreateSite } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { AppError } from '../../domain/errors.ts';
import type { SiteId } from '../../domain/ids.ts';
import { type BulkOutcome, createSites, updateSites } from '../../services/bulk.ts';
import type { NewSite } from '../../services/create-site.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import { envelopeOf } from '../errors.ts';
import { fieldRefusal } from '../refused-input.ts';
import { type Route, route } from '../serve-contract.ts';
import { changesOf, newSiteOf } from '../site-settings.ts';

export function bulkRoutes(deps: ServiceDeps, policy: SitePolicy): Route[] {
  return [
    route(bulkCreateSites, async ({ scope, body: { sites, atomic = false } }) =>
      bulkReply(await createSites(deps, policy, scope, sites.map(siteOrRefusal), { atomic })),
    ),
    route(bulkUpdateSites, async ({ scope, body: { site_ids, changes, atomic = false } }) => {
      const wanted = { changes: changesOf(changes), atomic };
      return bulkReply(await updateSites(deps, policy, scope, idsOf(site_ids), wanted));
    }),
    route(bulkPauseSites, async ({ scope, body: { site_ids, atomic = false } }) =>
      bulkReply(await updateSites(deps, policy, scope, idsOf(site_ids), { changes: { active: false }, atomic })),
    ),
    route(bulkResumeSites, async ({ scope, body: { site_ids, atomic = false } }) =>
      bulkReply(await updateSites(deps, policy, scope, idsOf(site_ids), { changes: { active: true }, atomic })),
    ),
  ];
}

function siteOrRefusal(item: CreateSite | Unfit): NewSite | AppError {
  if ('unfit' in item) return fieldRefusal({ error: item.unfit, sent: item.sent, schema: CreateSite });
  try {
    return newSiteOf(item);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function idsOf(ids: readonly Id[]): SiteId[] {
  return ids.map((id) => BigInt(id) as SiteId);
}

function bulkReply(outcomes: readonly BulkOutcome[]): BulkReply {
  const count = (...statuses: BulkOutcome['status'][]) => outcomes.filter(({ status }) => statuses.includes(status));
  return {
    results: outcomes.map(({ status, siteId, error }, index) => ({
      index,
      status,
      ...(siteId === null ? {} : { site_id: siteId }),
      ...(error === null ? {} : { error: envelopeOf(error) }),
    })),
    done: count('created', 'updated').length,
    refused: count('refused').length,
  };
}
