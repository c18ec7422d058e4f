/** One site as a file says it: the words of the API, so that what is exported can be applied. */
import { z } from 'zod';
import { SetRollupRules } from '../../contracts/rollup-rules.ts';
import { CreateSite, SiteSettings } from '../../contracts/sites.ts';
import { CRITICALITIES } from '../../domain/rollup-rules.ts';
import { MAX_ENDPOINTS } from '../../services/create-site.ts';

const { blog_id, monitor_active, bucket_no, check_interval_seconds } = CreateSite.shape;
const { maintenance_start, maintenance_end, alert_cooldown_minutes } = CreateSite.shape;

/** What can be set on one URL. */
const own = {
  /** Absent: true. */
  monitor_active,
  /** Absent: as it is, or that of the site. */
  bucket_no,
  /** Absent: as it is, or the default of the server. */
  check_interval_seconds,
  /** Absent: as they are. Kept as the API writes instants. */
  maintenance_start,
  maintenance_end,
  /** Absent ones have their defaults, all but `custom_headers`, which stay as they are. */
  alert_cooldown_minutes,
  ...SiteSettings.shape,
  /** Which header fields there are. Their values are secrets, and never read. */
  custom_header_names: z.array(z.string()).max(100).optional(),
  /**
   * By type, whether a check runs: on the site, or, among `endpoints`, on that one alone. Absent: as they are; those that
   * it does not name have their defaults.
   */
  checks: z.record(z.string().max(64), z.boolean()).optional(),
};

const OwnEndpoint = z.strictObject({ monitor_url: z.string(), ...own });

/** As the API has them, endpoints by their URLs instead of their ids. */
const FileRules = SetRollupRules.extend({
  endpoints: z.record(z.string().max(2_000), z.strictObject({ criticality: z.enum(CRITICALITIES) })).optional(),
});
export type FileRules = z.output<typeof FileRules>;

export const Entry = z.strictObject({
  monitor_url: z.string(),
  /** Absent: found by the URL, or handed out. */
  blog_id,
  /** Further URLs of the same site. They share its settings. */
  more_urls: z
    .array(z.string())
    .max(MAX_ENDPOINTS - 1)
    .optional(),
  ...own,
  /** Null: by the defaults. Absent: as they are. */
  rollup_rules: FileRules.nullable().optional(),
  /** URLs with settings of their own; what one does not name is as that of the site. The first URL may be among them. */
  endpoints: z.array(OwnEndpoint).max(MAX_ENDPOINTS).optional(),
});
export type Entry = z.output<typeof Entry>;
export type EntryEndpoint = z.output<typeof OwnEndpoint>;

export const ENTRY_MEMBERS = Object.keys(Entry.shape) as (keyof Entry)[];
/** Members whose value is a list or a map. */
export const STRUCTURED: readonly (keyof Entry)[] = [
  'more_urls',
  'forbidden_keywords',
  'custom_headers',
  'custom_header_names',
  'checks',
  'rollup_rules',
  'endpoints',
];

/** Each URL once, the first one first. */
export function urlsOf(entry: Entry): string[] {
  return [...new Set(allUrls(entry))];
}

/** Also those that stand there twice, but for the first one among `endpoints`. */
export function allUrls({ monitor_url, more_urls = [], endpoints = [] }: Entry): string[] {
  const others = endpoints.map((endpoint) => endpoint.monitor_url).filter((url) => url !== monitor_url);
  return [monitor_url, ...more_urls, ...others];
}

/** What an entry wants of one of its URLs. */
export type Wanted = {
  url: string;
  settings: Omit<EntryEndpoint, 'monitor_url' | 'custom_headers' | 'custom_header_names' | 'checks'>;
  /** Undefined: they stay as they are. */
  headers: SiteSettings['custom_headers'];
  headerNames: readonly string[];
  /** Whether the entry says of this URL alone which header fields it has. */
  hasOwnHeaders: boolean;
  /** Of this URL alone. */
  checks: Readonly<Record<string, boolean>> | undefined;
};

/** In the order in which they are added. */
export function wantedOf(entry: Entry): Wanted[] {
  const { more_urls, endpoints = [], blog_id: _, rollup_rules, checks, ...shared } = entry;
  const byUrl = new Map(endpoints.map((endpoint) => [endpoint.monitor_url, endpoint]));
  return urlsOf(entry).map((url) => {
    const { checks, ...of } = byUrl.get(url) ?? { monitor_url: url };
    const hasOwnHeaders = of.custom_headers !== undefined || of.custom_header_names !== undefined;
    const { monitor_url, custom_headers, custom_header_names, ...settings } = { ...shared, ...of };
    return {
      url,
      settings,
      // Those of the site are not for a URL that is said to have others.
      headers: hasOwnHeaders ? of.custom_headers : custom_headers,
      headerNames: (hasOwnHeaders ? of.custom_header_names : custom_header_names) ?? [],
      hasOwnHeaders,
      checks,
    };
  });
}
