/** Which site each entry of a file means. Pure. */
import type { Entry } from './entry.ts';
import { urlsOf } from './entry.ts';
import type { Watched } from './watched.ts';

export type Match = {
  entry: Entry;
  /** Where in the file it stands, from 1. */
  place: number;
  /** Null: there is none yet. */
  watched: Watched | null;
  /** Other sites that have one of its URLs, so that nobody can tell which is meant. */
  others: readonly Watched[];
};

/** By `blog_id` where there is one, else by the URLs. In the order in which they are to be done. */
export function matchEntries(entries: readonly Entry[], sites: readonly Watched[]): Match[] {
  const byId = new Map(sites.map((watched) => [String(watched.site.id), watched]));
  const byUrl = new Map<string, Watched[]>();
  for (const watched of sites) {
    for (const { monitor_url } of watched.endpoints) {
      byUrl.set(monitor_url, [...(byUrl.get(monitor_url) ?? []), watched]);
    }
  }
  const named = new Set(entries.flatMap(({ blog_id }) => (blog_id === undefined ? [] : [String(blog_id)])));
  const matches = entries.map((entry, index): Match => {
    const at = { entry, place: index + 1 };
    if (entry.blog_id !== undefined) return { ...at, watched: byId.get(String(entry.blog_id)) ?? null, others: [] };
    const [watched = null, ...others] = candidates(entry, byUrl, named);
    return { ...at, watched, others };
  });
  // Ids that are named must not be handed out to others before.
  const takesId = ({ entry, watched }: Match) => watched === null && entry.blog_id !== undefined;
  return [...matches.filter(takesId), ...matches.filter((match) => !takesId(match))];
}

/** Of sites with the same URLs a watched one is meant, not what is left of a removed one, nor one that is named by id. */
function candidates(
  entry: Entry,
  byUrl: ReadonlyMap<string, readonly Watched[]>,
  named: ReadonlySet<string>,
): Watched[] {
  const found = [...new Set(urlsOf(entry).flatMap((url) => byUrl.get(url) ?? []))];
  const unnamed = found.filter(({ site }) => !named.has(String(site.id)));
  const free = unnamed.length > 0 ? unnamed : found;
  const live = free.filter(({ site }) => site.removed_at === null);
  return live.length > 0 ? live : free.slice(0, 1);
}
