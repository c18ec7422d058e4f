/** What is watched, as far as a file can say it, read through the API. */
import type { Client } from '../../client/client.ts';
import { listEndpointChecks, listSiteChecks } from '../../contracts/checks.ts';
import { listEndpoints, type SiteEndpoint } from '../../contracts/endpoints.ts';
import { getRollupRules, type RollupRules } from '../../contracts/rollup-rules.ts';
import type { Site } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';

/** What an endpoint is set to, without how it fares. */
export type EndpointNow = Omit<
  SiteEndpoint,
  'current_state' | 'current_severity' | 'latest' | 'site_id' | 'active_event_id' | 'removed_at'
>;

/** What was said of one check; `endpointId` null: on the site. */
export type SaidCheck = { checkId: Id; endpointId: Id | null; checkType: string; enabled: boolean };

export type Watched = {
  site: Pick<Site, 'id' | 'monitor_url' | 'removed_at'>;
  /** All of them; without those that were removed, unless the site was. */
  endpoints: readonly EndpointNow[];
};

export type WatchedDetails = {
  /** Null: the defaults. */
  rules: RollupRules | null;
  checks: readonly SaidCheck[];
};

/** How many questions wait for their answers at once. */
const AT_ONCE = 8;
const PAGE = 200;

/** Sites in the order of their ids; removed ones included unless told otherwise. */
export async function readWatched(client: Client, query: { removed?: 'false' } = {}): Promise<Watched[]> {
  const sites: Site[] = [];
  for await (const site of client.sites.list({ ...query, limit: PAGE })) sites.push(site);
  return mapAtOnce(sites, async (site) => ({ site, endpoints: await endpointsOf(client, site) }));
}

/** A site with one URL says all of it itself; of several it says all of the first alone, and leaves some out. */
async function endpointsOf(client: Client, site: Site): Promise<EndpointNow[]> {
  if (site.endpoint_count === 1) return site.endpoints.map((endpoint) => ({ ...site, ...endpoint }));
  const removed = site.removed_at === null ? 'false' : 'true';
  const found: EndpointNow[] = [];
  const query = { removed, limit: PAGE } as const;
  for await (const endpoint of client.list(listEndpoints, { params: { site_id: site.id }, query })) {
    // Of a removed site those that it had at the end.
    if (site.removed_at === null || endpoint.removed_at === site.removed_at) found.push(endpoint);
  }
  return found;
}

/** Rollup rules, and what was said of checks. */
export async function readDetails(client: Client, { site, endpoints }: Watched): Promise<WatchedDetails> {
  const params = { site_id: site.id };
  const rules = await client.call(getRollupRules, { params });
  const checks: SaidCheck[] = [];
  const own = new Set<string>();
  for await (const { check_type, enabled, source, check_id, endpoint_ids } of client.list(listSiteChecks, { params })) {
    for (const id of endpoint_ids) own.add(String(id));
    if (source === 'site' && check_id !== null) {
      checks.push({ checkId: check_id, endpointId: null, checkType: check_type, enabled });
    }
  }
  for (const { endpoint_id } of endpoints.filter(({ endpoint_id }) => own.has(String(endpoint_id)))) {
    const list = client.list(listEndpointChecks, { params: { ...params, endpoint_id } });
    for await (const { check_type, enabled, source, check_id } of list) {
      if (source !== 'endpoint' || check_id === null) continue;
      checks.push({ checkId: check_id, endpointId: endpoint_id, checkType: check_type, enabled });
    }
  }
  return { rules: rules.updated_at === null ? null : rules, checks };
}

export async function detailsFor(
  client: Client,
  wanted: readonly { watched: Watched | null }[],
): Promise<Map<Watched, WatchedDetails>> {
  const sites = [...new Set(wanted.flatMap(({ watched }) => watched ?? []))];
  return new Map(await mapAtOnce(sites, async (site) => [site, await readDetails(client, site)] as const));
}

/** In their order. Rejects with the first that rejects. */
export async function mapAtOnce<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(map))));
  }
  return results;
}
