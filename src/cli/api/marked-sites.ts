/** Finds sites with the batch they belong to. Values of header fields are not shown; the API names the batch alone. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import type { Site } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { MARKER } from './batch.ts';

export type MarkedSite = {
  site: Site;
  /** null: it is in none. */
  batch: string | null;
};

/** Removed ones, too. null: there is no such site. Throws ApiError. */
export async function findSite(client: Client, siteId: Id): Promise<MarkedSite | null> {
  const site = await client.sites.get(siteId).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'site_not_found') return null;
    throw error;
  });
  if (site === null) return null;
  const isMarked = site.custom_header_names.some((name) => name.toLowerCase() === MARKER.toLowerCase());
  if (!isMarked) return { site, batch: null };
  // Lists alone name batches, so it is looked for among those with its URL.
  const alike = client.sites.list({ q: site.monitor_url, include_cli_metadata: 'true', limit: 200 });
  for await (const listed of alike) {
    if (BigInt(listed.id) === BigInt(siteId)) return { site: listed, batch: listed.cli_batch ?? null };
  }
  // Its URL was changed in between.
  return { site, batch: null };
}

/** Sites of a batch that were not removed, at most `limit`. Every site there is has to be looked through. */
export async function findBatch(client: Client, batch: string, limit: number): Promise<Site[]> {
  const found: Site[] = [];
  for await (const site of client.sites.list({ removed: 'false', include_cli_metadata: 'true', limit: 200 })) {
    if (site.cli_batch === batch) found.push(site);
    if (found.length === limit) break;
  }
  return found;
}
