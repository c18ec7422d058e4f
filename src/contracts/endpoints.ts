/** Endpoints: the monitored URLs of one site, each with settings and a state of its own. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { EVENT_FILTER_ERRORS, EVENT_FILTERS, Event, EventSummary } from './events.ts';
import { CreateSite, Endpoint, Site, UpdateSite } from './sites.ts';
import { Id, Instant, PageQuery, pageOf, QueryBoolean } from './values.ts';

const ofTheFirst = Site.pick({
  bucket_no: true,
  check_interval: true,
  timeout_seconds: true,
  request_method: true,
  detection_profile: true,
  redirect_policy: true,
  expected_status: true,
  check_keyword: true,
  forbidden_keyword: true,
  forbidden_keywords: true,
  http2: true,
  custom_header_names: true,
  last_checked_at: true,
  last_status_change_at: true,
  ssl_expiry_date: true,
  maintenance_start: true,
  maintenance_end: true,
  alert_cooldown_minutes: true,
});

/** One URL of a site, with what the site says of its first one. */
export const SiteEndpoint = Endpoint.extend({
  site_id: Id,
  ...ofTheFirst.shape,
  removed_at: Instant.nullable().meta({ description: 'When the endpoint was removed; null unless it was.' }),
  active_event_id: Id.nullable().meta({ description: 'The open event that decides the state; null: none does.' }),
});
export type SiteEndpoint = z.output<typeof SiteEndpoint>;

export const EndpointDetail = SiteEndpoint.extend({ active_events: z.array(EventSummary) });
export type EndpointDetail = z.output<typeof EndpointDetail>;

/** The same settings as of a site. */
export const CreateEndpoint = CreateSite.omit({ blog_id: true });
export type CreateEndpoint = z.output<typeof CreateEndpoint>;

/** What every operation on one endpoint can answer with. */
const OF_ONE_ENDPOINT = ['invalid_site_id', 'invalid_endpoint_id', 'site_endpoint_not_found'] as const;

export const listEndpoints = defineContract({
  operationId: 'listEndpoints',
  method: 'GET',
  path: '/api/v1/sites/:site_id/endpoints',
  summary: 'The endpoints of a site, in the order they were added',
  tag: 'Endpoints',
  scope: 'read',
  query: z.strictObject({
    ...PageQuery.shape,
    monitor_active: QueryBoolean.optional(),
    removed: QueryBoolean.optional().meta({ description: 'Only removed ones, or only the others; both when absent.' }),
  }),
  status: 200,
  reply: pageOf(SiteEndpoint),
  errors: ['invalid_site_id', 'site_not_found', 'invalid_limit', 'invalid_cursor', 'invalid_filter'],
  example: { query: { removed: 'false' } },
});

export const getEndpoint = defineContract({
  operationId: 'getEndpoint',
  method: 'GET',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id',
  summary: 'One endpoint with its open events',
  tag: 'Endpoints',
  scope: 'read',
  status: 200,
  reply: EndpointDetail,
  errors: OF_ONE_ENDPOINT,
  example: {},
});

export const createEndpoint = defineContract({
  operationId: 'createEndpoint',
  method: 'POST',
  path: '/api/v1/sites/:site_id/endpoints',
  summary: 'Watch one more URL of a site',
  description:
    'Takes the settings that a site takes. What is left out is as the server has it, but for `bucket_no`, which is that of the site. A site has at most 500 endpoints.',
  tag: 'Endpoints',
  scope: 'write',
  body: CreateEndpoint,
  isIdempotent: true,
  status: 201,
  reply: EndpointDetail,
  errors: [
    'invalid_site_id',
    'site_not_found',
    'invalid_body',
    'invalid_url',
    'invalid_field',
    'invalid_redirect_policy',
    'invalid_custom_headers',
    'site_exists',
    'too_many_endpoints',
  ],
  example: { body: { monitor_url: 'https://example.com/login', check_interval: 1 } },
});

export const updateEndpoint = defineContract({
  operationId: 'updateEndpoint',
  method: 'PATCH',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id',
  summary: 'Change one endpoint; absent members stay as they are',
  description:
    'Closes what is open on it when it is paused or its URL changes. `monitor_active` true watches it again, also after it was removed.',
  tag: 'Endpoints',
  scope: 'write',
  body: UpdateSite,
  status: 200,
  reply: EndpointDetail,
  errors: [
    ...OF_ONE_ENDPOINT,
    'invalid_body',
    'invalid_url',
    'invalid_field',
    'invalid_redirect_policy',
    'invalid_custom_headers',
    'site_exists',
  ],
  example: { body: { check_interval_seconds: 90 } },
});

export const deleteEndpoint = defineContract({
  operationId: 'deleteEndpoint',
  method: 'DELETE',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id',
  summary: 'Stop watching one URL of a site; its history is kept',
  description: 'May be repeated. A site is removed with the last of its endpoints.',
  tag: 'Endpoints',
  scope: 'write',
  status: 204,
  errors: OF_ONE_ENDPOINT,
  example: {},
});

/** What is the same of pause and resume. */
const SWITCH = {
  method: 'POST',
  tag: 'Endpoints',
  scope: 'write',
  isIdempotent: true,
  status: 200,
  reply: EndpointDetail,
  errors: OF_ONE_ENDPOINT,
  example: {},
} as const;

export const pauseEndpoint = defineContract({
  ...SWITCH,
  operationId: 'pauseEndpoint',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/pause',
  summary: 'Stop looking at one URL for now; what is open on it is closed',
});

export const resumeEndpoint = defineContract({
  ...SWITCH,
  operationId: 'resumeEndpoint',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/resume',
  summary: 'Look at one URL again, at once; nothing is reopened',
});

export const listEndpointEvents = defineContract({
  operationId: 'listEndpointEvents',
  method: 'GET',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/events',
  summary: 'Events of one endpoint, newest first',
  tag: 'Endpoints',
  scope: 'read',
  resources: ['events'],
  query: z.strictObject(EVENT_FILTERS),
  status: 200,
  reply: pageOf(Event),
  errors: [...OF_ONE_ENDPOINT, ...EVENT_FILTER_ERRORS],
  example: { query: { active: 'true' } },
});
