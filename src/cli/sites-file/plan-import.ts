/** What an import does: it creates what is not watched, and touches nothing else. Pure. */
import type { Site } from '../../contracts/sites.ts';
import { type Entry, urlsOf } from './entry.ts';
import { type Plan, planSites } from './plan.ts';

export function planImport(entries: readonly Entry[], sites: readonly Site[]): Plan {
  const watched = new Map(
    sites
      .filter((site) => site.removed_at === null)
      .flatMap((site) => site.endpoints.map((endpoint) => [endpoint.monitor_url, site.id] as const)),
  );
  const isThere = (entry: Entry) => urlsOf(entry).some((url) => watched.has(url));
  const fresh = entries.filter((entry) => !isThere(entry));
  const plan = planSites(fresh, sites, { prune: false, rewriteHeaders: false });
  const left = entries.filter(isThere);
  return { ...plan, unchanged: plan.unchanged + left.length };
}
