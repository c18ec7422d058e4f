/** What an import leaves alone: what is watched already. Pure. */
import { type Entry, urlsOf } from './entry.ts';
import type { Watched } from './watched.ts';

/** Entries none of whose URLs is watched; where an entry has an id, on that site. */
export function notWatched(entries: readonly Entry[], sites: readonly Watched[]): Entry[] {
  const watched = new Set(
    sites
      .filter(({ site }) => site.removed_at === null)
      .flatMap(({ site, endpoints }) =>
        endpoints.flatMap(({ monitor_url }) => [monitor_url, `${site.id} ${monitor_url}`]),
      ),
  );
  const keyOf = (entry: Entry, url: string) => (entry.blog_id === undefined ? url : `${entry.blog_id} ${url}`);
  return entries.filter((entry) => !urlsOf(entry).some((url) => watched.has(keyOf(entry, url))));
}
