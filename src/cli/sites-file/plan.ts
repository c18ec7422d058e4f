/** What has to be done so that the watched sites are those of a file. Pure. */
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import type { CreateSite, Site, SiteSettings, UpdateSite } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { type Entry, urlsOf } from './entry.ts';

export type Step =
  | { action: 'create'; url: string; body: CreateSite }
  /** One more URL of a site; without an id that of the site that the step before creates. */
  | { action: 'add_url'; url: string; siteId: Id | null; body: CreateSite }
  /** `was` holds what the members of `changes` are now. */
  | { action: 'update'; url: string; siteId: Id; changes: UpdateSite; was: Partial<Site> }
  /** A removed site is watched again, as the file says and with nothing of what it had. */
  | { action: 'revive'; url: string; siteId: Id; changes: UpdateSite; pausesAfterwards: boolean }
  | { action: 'remove'; url: string; siteId: Id };

export type Plan = {
  steps: Step[];
  /** Sites of the file that are as it says. */
  unchanged: number;
  /** What cannot be done, or was not asked for, in plain sentences. */
  notes: string[];
};

export type PlanOptions = {
  /** Remove what the file does not name. */
  prune: boolean;
  /** Send header fields that the file has values for, although the site has fields of the same names. */
  rewriteHeaders: boolean;
};

/** `sites` are all there are, removed ones included. */
export function planSites(entries: readonly Entry[], sites: readonly Site[], options: PlanOptions): Plan {
  const plan: Plan = { steps: [], unchanged: 0, notes: [] };
  // Of two with one URL the watched one is meant, not what is left of a removed one.
  const removedFirst = [...sites].sort(
    (one, other) => Number(one.removed_at === null) - Number(other.removed_at === null),
  );
  const byUrl = new Map(
    removedFirst.flatMap((site) => site.endpoints.map((endpoint) => [endpoint.monitor_url, site] as const)),
  );
  const named = new Set<Id>();
  for (const entry of entries) {
    const found = urlsOf(entry).flatMap((url) => byUrl.get(url) ?? []);
    const [site] = found;
    const other = found.find(({ id }) => id !== site?.id);
    for (const { id } of found) named.add(id);
    if (site === undefined) planNew(entry, plan);
    else if (other !== undefined) {
      plan.notes.push(
        `${entry.monitor_url}: its URLs belong to site ${site.id} and to site ${other.id}; left as it is`,
      );
    } else planExisting(entry, site, options, plan);
  }
  if (options.prune) {
    for (const { id, monitor_url, removed_at } of sites) {
      if (removed_at === null && !named.has(id)) plan.steps.push({ action: 'remove', url: monitor_url, siteId: id });
    }
  }
  return plan;
}

function planNew(entry: Entry, plan: Plan): void {
  const { monitor_url, more_urls = [], custom_header_names, ...settings } = entry;
  noteHeaders(entry, [], plan);
  plan.steps.push({ action: 'create', url: monitor_url, body: { monitor_url, ...settings } });
  const { blog_id, ...shared } = settings;
  for (const url of more_urls) {
    plan.steps.push({ action: 'add_url', url, siteId: blog_id ?? null, body: { monitor_url: url, ...shared } });
  }
}

function planExisting(entry: Entry, site: Site, { rewriteHeaders }: PlanOptions, plan: Plan): void {
  const { monitor_url, more_urls, custom_header_names, blog_id, monitor_active = true, ...given } = entry;
  const { custom_headers: headers, ...wanted } = {
    ...DEFAULT_SETTINGS,
    ...given,
    custom_headers: given.custom_headers,
  };
  const before = plan.steps.length;
  noteHeaders(entry, site.custom_header_names, plan);
  if (site.removed_at !== null) {
    const changes = { ...DEFAULT_SETTINGS, ...given, monitor_active: true };
    const pausesAfterwards = !monitor_active;
    plan.steps.push({ action: 'revive', url: monitor_url, siteId: site.id, changes, pausesAfterwards });
  } else {
    const differing = Object.entries({ ...wanted, monitor_active }).filter(
      ([name, value]) => !isSame(value, site[name as keyof Site]),
    );
    const sendsHeaders = headers !== undefined && (rewriteHeaders || !hasNames(headers, site.custom_header_names));
    const changes: UpdateSite = {
      ...Object.fromEntries(differing),
      ...(sendsHeaders ? { custom_headers: headers } : {}),
    };
    const was = Object.fromEntries(differing.map(([name]) => [name, site[name as keyof Site]]));
    if (Object.keys(changes).length > 0) {
      plan.steps.push({ action: 'update', url: monitor_url, siteId: site.id, changes, was });
    }
  }
  planUrls(entry, site, plan);
  if (plan.steps.length === before) plan.unchanged += 1;
}

function planUrls(entry: Entry, site: Site, plan: Plan): void {
  const { more_urls, custom_header_names, blog_id, ...settings } = entry;
  const watched = site.endpoints.map((endpoint) => endpoint.monitor_url);
  const urls = urlsOf(entry);
  for (const url of urls.filter((one) => !watched.includes(one))) {
    plan.steps.push({ action: 'add_url', url, siteId: site.id, body: { ...settings, monitor_url: url } });
  }
  const more = watched.filter((url) => !urls.includes(url));
  if (more.length > 0) plan.notes.push(`site ${site.id} has ${more.join(', ')} besides, which the file does not name`);
}

/** Names without values are a hint of what somebody who knows the secrets has to set. */
function noteHeaders(entry: Entry, there: readonly string[], plan: Plan): void {
  if (entry.custom_headers !== undefined) return;
  const has = new Set(there.map((name) => name.toLowerCase()));
  const missing = (entry.custom_header_names ?? []).filter((name) => !has.has(name.toLowerCase()));
  if (missing.length === 0) return;
  plan.notes.push(
    `${entry.monitor_url}: the file has no values for ${missing.join(', ')}; set them with \`sites update\``,
  );
}

function hasNames(headers: SiteSettings['custom_headers'], names: readonly string[]): boolean {
  const sorted = (list: readonly string[]) => list.map((name) => name.toLowerCase()).sort();
  return isSame(sorted(Object.keys(headers ?? {})), sorted(names));
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => value === other[index]);
  }
  // An empty text and null both take a setting away.
  return one === other || ((one === '' || one === null) && other === null);
}
