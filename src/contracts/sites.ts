/** Sites: what is watched, and how it fares. */
import { z } from 'zod';
import { PROBE_SETTINGS } from '../checks/probe.settings.ts';
import { defineContract } from './contract.ts';
import { EventSummary } from './events.ts';
import {
  Id,
  Instant,
  PageQuery,
  pageOf,
  QueryBoolean,
  queryInteger,
  Severity,
  StateLabel,
  TimingsMs,
} from './values.ts';

/** The newest probe of an endpoint. */
export const LatestResult = z
  .object({
    state: StateLabel,
    reason: z.string(),
    summary: z.string().meta({ description: 'One plain sentence; may quote what a server sent.' }),
    http_code: z.int().nullable(),
    address: z.string().nullable(),
    timings_ms: TimingsMs,
    checked_at: Instant,
  })
  .meta({ id: 'LatestResult', description: 'The newest look at an endpoint.' });
export type LatestResult = z.output<typeof LatestResult>;

export const Endpoint = z
  .object({
    endpoint_id: Id,
    monitor_url: z.string(),
    monitor_active: z.boolean(),
    check_interval_seconds: z.int(),
    current_state: StateLabel,
    current_severity: Severity,
    latest: LatestResult.nullable().meta({ description: 'null: there was no look yet.' }),
  })
  .meta({ id: 'Endpoint' });
export type Endpoint = z.output<typeof Endpoint>;

const { custom_headers: _, ...shownSettings } = PROBE_SETTINGS;

export const Site = z
  .object({
    id: Id,
    blog_id: Id,
    monitor_url: z.string(),
    monitor_active: z.boolean(),
    removed_at: Instant.nullable().meta({ description: 'When the site was removed; null unless it was.' }),
    bucket_no: z.int(),
    check_interval: z.int().meta({ description: 'Whole minutes, rounded up; `check_interval_seconds` is exact.' }),
    check_interval_seconds: z.int(),
    timeout_seconds: z.int().nullable(),
    ...shownSettings,
    custom_header_names: z
      .array(z.string())
      .meta({ description: 'Names of `custom_headers`; their values are not shown.' }),
    current_state: StateLabel,
    current_severity: Severity,
    active_event_id: Id.nullable(),
    last_checked_at: Instant.nullable(),
    last_status_change_at: Instant.nullable(),
    ssl_expiry_date: z.iso.date().nullable().meta({ description: 'Last day of the certificate that was seen last.' }),
    maintenance_start: Instant.nullable().meta({
      description: 'From here to `maintenance_end` failures open no event. null: there is no window.',
    }),
    maintenance_end: Instant.nullable().meta({ description: 'The first instant after the window.' }),
    alert_cooldown_minutes: z
      .int()
      .nullable()
      .meta({ description: 'null: the server default. No effect while no notices are delivered.' }),
    endpoints: z.array(Endpoint).meta({
      description:
        'Monitored URLs of the site, the first one first: the first 50, without those that were removed; `/endpoints` has all of them. State, severity and `monitor_active` of the site speak of all of them, its other members of the first one.',
    }),
    endpoint_count: z.int().meta({ description: 'How many there are.' }),
    cli_batch: z.string().optional().meta({
      description: 'The batch that a command added the site in. Only where it is asked for, and there is one.',
    }),
  })
  .meta({ id: 'Site' });
export type Site = z.output<typeof Site>;

export const SiteDetail = Site.extend({ active_events: z.array(EventSummary) }).meta({ id: 'SiteDetail' });
export type SiteDetail = z.output<typeof SiteDetail>;

/** How a site is probed. */
const settings = {
  timeout_seconds: z.int().min(1).max(255).nullable().meta({ description: 'null: the server default.' }),
  ...PROBE_SETTINGS,
};

export const SiteSettings = z.strictObject(settings).partial();
export type SiteSettings = z.output<typeof SiteSettings>;

/** An instant in any zone, as it may be sent. */
const SentInstant = z
  .string()
  .max(40)
  .refine(
    (text) =>
      text === '' || (z.iso.datetime({ offset: true }).safeParse(text).success && !Number.isNaN(Date.parse(text))),
    'write an instant such as 2026-05-01T22:00:00Z',
  )
  .nullable();

/** Longest interval: a week. */
const LONGEST_SECONDS = 604_800;

/** What can be set. */
const members = {
  monitor_active: z.boolean(),
  bucket_no: z.int().min(0).max(65_535),
  check_interval: z
    .int()
    .min(1)
    .max(LONGEST_SECONDS / 60)
    .meta({ description: 'Minutes between checks.' }),
  check_interval_seconds: z
    .int()
    .min(1)
    .max(LONGEST_SECONDS)
    .meta({ description: 'Exact interval; wins over check_interval.' }),
  maintenance_start: SentInstant.meta({
    description:
      'RFC 3339 instant from which failures open no event. Only with `maintenance_end`. null or empty: no window.',
  }),
  maintenance_end: SentInstant.meta({
    description: 'RFC 3339 instant after `maintenance_start` at which the window is over.',
  }),
  alert_cooldown_minutes: z.int().min(0).max(65_535).nullable().meta({
    description:
      'Minutes in which a Down that repeats itself is not told again; 0: none. null: the server default. Kept and shown; it takes effect once notices are delivered, which this version does not do.',
  }),
  ...settings,
};

const SentUrl = z.string().meta({
  format: 'uri',
  description: 'Absolute http or https URL, at most 300 bytes, without user info.',
});

export const CreateSite = z
  .strictObject({
    blog_id: Id.optional().meta({ description: 'Allocated when absent; required on a shared legacy database.' }),
    monitor_url: SentUrl,
    ...z.object(members).partial().shape,
  })
  .meta({ id: 'CreateSite' });
export type CreateSite = z.output<typeof CreateSite>;

export const UpdateSite = z
  .strictObject({ monitor_url: SentUrl, ...members })
  .partial()
  .meta({ id: 'UpdateSite' });
export type UpdateSite = z.output<typeof UpdateSite>;

export const listSites = defineContract({
  operationId: 'listSites',
  method: 'GET',
  path: '/api/v1/sites',
  summary: 'List sites with their current state',
  tag: 'Sites',
  scope: 'read',
  description:
    'In the order of their ids. Filters are exact, also those by state, which is that of the whole site. Finding sites by state reads at most some thousand of them for one page: a page may then hold fewer than `limit`, and `next` goes on from there.',
  query: z.strictObject({
    ...PageQuery.shape,
    monitor_active: QueryBoolean.optional().meta({ description: 'Only sites that are watched, or only paused ones.' }),
    state: StateLabel.optional().meta({ description: 'Not together with `state__in`.' }),
    state__in: z.string().max(200).optional().meta({ description: 'Comma-separated states.' }),
    severity__gte: queryInteger(z.int().min(0).max(255)).optional(),
    removed: QueryBoolean.optional().meta({ description: 'Only removed sites, or only the others; both when absent.' }),
    q: z.string().max(300).optional().meta({ description: 'Part of the URL.' }),
    include_cli_metadata: QueryBoolean.optional().meta({ description: 'Adds `cli_batch` where there is one.' }),
  }),
  status: 200,
  reply: pageOf(Site),
  errors: [
    'invalid_limit',
    'invalid_cursor',
    'invalid_filter',
    'invalid_state_filter',
    'invalid_severity',
    'invalid_monitor_active',
    'invalid_include_cli_metadata',
  ],
  example: { query: { monitor_active: 'true', limit: 2 } },
});

export const getSite = defineContract({
  operationId: 'getSite',
  method: 'GET',
  path: '/api/v1/sites/:site_id',
  summary: 'One site with its open events',
  tag: 'Sites',
  scope: 'read',
  status: 200,
  reply: SiteDetail,
  errors: ['invalid_site_id', 'site_not_found'],
  example: {},
});

const SETTING_ERRORS = ['invalid_field', 'invalid_redirect_policy', 'invalid_custom_headers'] as const;

export const createSite = defineContract({
  operationId: 'createSite',
  method: 'POST',
  path: '/api/v1/sites',
  summary: 'Watch a URL',
  tag: 'Sites',
  scope: 'write',
  body: CreateSite,
  isIdempotent: true,
  status: 201,
  reply: Site,
  errors: ['invalid_body', 'invalid_url', 'invalid_blog_id', ...SETTING_ERRORS, 'site_exists', 'too_many_endpoints'],
  example: { body: { monitor_url: 'https://shop.example/', check_interval_seconds: 60, check_keyword: 'Add to cart' } },
});

export const updateSite = defineContract({
  operationId: 'updateSite',
  method: 'PATCH',
  path: '/api/v1/sites/:site_id',
  summary: 'Change a site; absent members stay as they are',
  tag: 'Sites',
  scope: 'write',
  body: UpdateSite,
  status: 200,
  reply: Site,
  errors: ['invalid_site_id', 'site_not_found', 'invalid_body', 'invalid_url', ...SETTING_ERRORS, 'site_exists'],
  example: { body: { timeout_seconds: 20, expected_status: '200-299,401' } },
});

export const deleteSite = defineContract({
  operationId: 'deleteSite',
  method: 'DELETE',
  path: '/api/v1/sites/:site_id',
  summary: 'Stop watching a site; its history is kept',
  tag: 'Sites',
  scope: 'write',
  status: 204,
  errors: ['invalid_site_id', 'site_not_found'],
  example: {},
});
