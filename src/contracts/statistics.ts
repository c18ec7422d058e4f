/** Statistics: how much of a stretch of time a site was up, how long looks took, and what went wrong when. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { Id, Instant, PageQuery, pageOf, SentInstant, Severity } from './values.ts';

const windowMembers = {
  window: z
    .enum(['1h', '24h', '1d', '7d', '30d', '90d'])
    .optional()
    .meta({ description: 'A stretch of time that ends now; 24h when nothing is said.' }),
  from: SentInstant.optional().meta({
    description: 'RFC 3339. With `to` it wins over `window`; at most 400 days before it.',
  }),
  to: SentInstant.optional().meta({ description: 'RFC 3339, after `from`; what lies in the future is cut off.' }),
};

const treatments = {
  maintenance: z.enum(['exclude', 'include']),
  degraded: z.enum(['up', 'separate']),
  seems_down: z.enum(['down', 'up', 'separate']),
  false_alarms: z.enum(['unknown', 'down']),
};

const treatmentMembers = {
  maintenance: treatments.maintenance.default('exclude').meta({
    description: '`exclude`: maintenance is no part of the monitored time. `include`: it is, without downtime.',
  }),
  degraded: treatments.degraded.default('up').meta({
    description: '`up`: degraded counts as up. `separate`: it is neither up nor down, and not monitored time.',
  }),
  seems_down: treatments.seems_down.default('down').meta({
    description: 'What a failure counts as before it is confirmed, and when it never is.',
  }),
  false_alarms: treatments.false_alarms.default('unknown').meta({
    description:
      'What a failure counts as that verifiers or the monitor itself took back: trouble of the monitor, or downtime. One that somebody closed by hand as a false alarm is downtime either way.',
  }),
};

const EndpointQuery = {
  endpoint_id: z
    .string()
    .regex(/^[1-9]\d{0,18}$/)
    .optional()
    .meta({ description: 'Only this endpoint of the site.' }),
};

/** The stretch that figures are of. */
export const StatisticsWindow = z.object({ from: Instant, to: Instant });

const Treatment = z.object(treatments).meta({ description: 'How the figures were reckoned: see the query.' });

/** ms in each state; the sum is `total_ms`. */
const StatesMs = z
  .object({
    up: z.int(),
    warning: z.int(),
    degraded: z.int(),
    seems_down: z.int(),
    down: z.int(),
    maintenance: z.int(),
    paused: z.int(),
    unknown: z.int(),
  })
  .meta({ description: 'ms in each state, from the log, not from what is known now. The sum is exactly `total_ms`.' });

const percent = z.number().min(0).max(100).nullable();
const duration = z.int().nonnegative().nullable();

const outageFigures = {
  incident_count: z.int().meta({ description: 'Outages; failures that overlap are one, false alarms are none.' }),
  false_alarm_count: z.int().meta({ description: 'Failures that verifiers or the monitor itself took back.' }),
  declared_by_hand_count: z.int().meta({
    description:
      'Failures that somebody closed by hand as false alarms. No look says so, so they are outages and downtime until they were closed.',
  }),
  mttr_seconds: duration.meta({ description: 'Mean downtime of an outage; null without one.' }),
  mtbf_seconds: duration.meta({ description: 'Monitored time that was not down, by outage; null without one.' }),
  mttr_ms: duration,
  mtbf_ms: duration,
};

const uptimeFigures = {
  uptime_percent: percent.meta({
    description: 'Share of the monitored time that was not down, to a thousandth; null where nothing was monitored.',
  }),
  coverage_percent: percent.meta({
    description:
      'Share of the time that was not paused in which looks came in that could tell; null when all was paused.',
  }),
  total_seconds: z.int(),
  monitored_seconds: z
    .int()
    .meta({ description: 'What `uptime_percent` is a share of. Unknown time is no part of it.' }),
  up_seconds: z.int(),
  down_seconds: z.int().meta({ description: 'The same as `downtime_seconds`.' }),
  downtime_seconds: z.int().meta({ description: 'Down, and Seems Down unless the treatment says otherwise.' }),
  degraded_seconds: z.int(),
  warning_seconds: z.int(),
  maintenance_seconds: z.int(),
  paused_seconds: z.int(),
  unknown_seconds: z.int().meta({ description: 'Nobody looked, or nobody could tell.' }),
  total_ms: z.int(),
  monitored_ms: z.int(),
  downtime_ms: z.int(),
  states_ms: StatesMs,
  ...outageFigures,
};

export const EndpointUptime = z.object({ endpoint_id: Id, monitor_url: z.string(), ...uptimeFigures });
export type EndpointUptime = z.output<typeof EndpointUptime>;

export const SiteUptime = z.object({
  site_id: Id,
  window: StatisticsWindow,
  treatment: Treatment,
  ...uptimeFigures,
  endpoints: z.array(EndpointUptime).meta({ description: 'One by one; of more than 20 the first ones.' }),
  endpoint_count: z.int(),
});
export type SiteUptime = z.output<typeof SiteUptime>;

export const SiteEndpointUptime = EndpointUptime.extend({
  site_id: Id,
  window: StatisticsWindow,
  treatment: Treatment,
});

const WINDOW_ERRORS = ['invalid_site_id', 'invalid_filter', 'invalid_window', 'site_not_found'] as const;
const uptimeQuery = z.strictObject({ ...windowMembers, ...treatmentMembers });

export const getSiteUptime = defineContract({
  operationId: 'getSiteUptime',
  method: 'GET',
  path: '/api/v1/sites/:site_id/uptime',
  summary: 'Uptime of a site and of each of its endpoints',
  description:
    'Every millisecond of the window is in one state, as the log of events tells it: paused, maintenance, down, seems down, degraded, warning, unknown or up, the first that holds.',
  tag: 'Statistics',
  scope: 'read',
  query: uptimeQuery,
  status: 200,
  reply: SiteUptime,
  errors: WINDOW_ERRORS,
  example: { query: { window: '30d' } },
});

export const getEndpointUptime = defineContract({
  operationId: 'getEndpointUptime',
  method: 'GET',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/uptime',
  summary: 'Uptime of one endpoint',
  tag: 'Statistics',
  scope: 'read',
  query: uptimeQuery,
  status: 200,
  reply: SiteEndpointUptime,
  errors: [...WINDOW_ERRORS, 'invalid_endpoint_id', 'site_endpoint_not_found'],
  example: { query: { window: '7d' } },
});

const ms = z.number().nonnegative().nullable();
/** In ms; null where nothing was timed. Percentiles are within 1 % or 0.05 ms. */
const figures = { mean_ms: ms, min_ms: ms, max_ms: ms, p50_ms: ms, p95_ms: ms, p99_ms: ms };

const ofEndpoints = {
  site_id: Id,
  endpoint_ids: z.array(Id).meta({ description: 'Whose looks these are; of more than 20 endpoints the first ones.' }),
};

export const ResponseTime = z.object({
  ...ofEndpoints,
  window: StatisticsWindow,
  samples: z
    .int()
    .meta({ description: 'Looks whose duration the figures are made of: those that found the site well.' }),
  checks: z.int().meta({ description: 'Looks with an answer of their own, healthy or failed.' }),
  failures: z.int(),
  ...figures,
  truncated: z.boolean().meta({ description: 'Always false: nothing is left out.' }),
});

export const getResponseTime = defineContract({
  operationId: 'getResponseTime',
  method: 'GET',
  path: '/api/v1/sites/:site_id/response-time',
  summary: 'Response time over a stretch of time',
  description:
    'Of looks that found the site well. What is kept by the hour or day only counts for the window its start is in.',
  tag: 'Statistics',
  scope: 'read',
  query: z.strictObject({ ...windowMembers, ...EndpointQuery }),
  status: 200,
  reply: ResponseTime,
  errors: [...WINDOW_ERRORS, 'site_endpoint_not_found'],
  example: { query: { window: '7d' } },
});

export const ResponseTimeBucket = z.object({
  start: Instant,
  checks: z.int().nullable().meta({ description: 'null: what is kept of that time is coarser than a bucket.' }),
  failures: z.int(),
  ...figures,
});

export const ResponseTimes = z.object({
  ...ofEndpoints,
  window: StatisticsWindow.meta({ description: 'Widened to whole buckets, in UTC.' }),
  bucket: z.enum(['minute', 'hour', 'day']),
  buckets: z
    .array(ResponseTimeBucket)
    .meta({ description: 'All of the window, oldest first; without a look all is null.' }),
});

export const getResponseTimes = defineContract({
  operationId: 'getResponseTimes',
  method: 'GET',
  path: '/api/v1/sites/:site_id/response-times',
  summary: 'Response times in buckets of time',
  tag: 'Statistics',
  scope: 'read',
  query: z.strictObject({
    ...windowMembers,
    ...EndpointQuery,
    bucket: z.enum(['minute', 'hour', 'day']).optional().meta({
      description: 'Chosen by the length of the window unless given; at most 1,500 of them.',
    }),
  }),
  status: 200,
  reply: ResponseTimes,
  errors: [...WINDOW_ERRORS, 'site_endpoint_not_found'],
  example: { query: { window: '24h', bucket: 'hour' } },
});

const LatencyComponent = z.object({
  samples: z.int().meta({ description: 'Looks in which this phase was measured.' }),
  mean_ms: z.number(),
  min_ms: z.number(),
  max_ms: z.number(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  p99_ms: z.number(),
});

export const TimingBreakdown = z.object({
  ...ofEndpoints,
  window: StatisticsWindow,
  covered: StatisticsWindow.nullable().meta({
    description: 'The first and the last look the figures are made of: phases are known as long as each look is kept.',
  }),
  samples: z.int(),
  truncated: z.boolean().meta({ description: 'There were more than 100,000 looks; these are the newest.' }),
  components: z
    .object({
      dns: LatencyComponent.optional(),
      tcp: LatencyComponent.optional(),
      tls: LatencyComponent.optional(),
      ttfb: LatencyComponent.optional(),
      total: LatencyComponent.optional(),
    })
    .meta({ description: 'A phase that no look went through is absent.' }),
});

export const getTimingBreakdown = defineContract({
  operationId: 'getTimingBreakdown',
  method: 'GET',
  path: '/api/v1/sites/:site_id/timing-breakdown',
  summary: 'Where the time goes: name, connection, TLS, first byte',
  tag: 'Statistics',
  scope: 'read',
  query: z.strictObject({ ...windowMembers, ...EndpointQuery }),
  status: 200,
  reply: TimingBreakdown,
  errors: [...WINDOW_ERRORS, 'site_endpoint_not_found'],
  example: { query: { window: '24h' } },
});

const FailureEvent = z.object({
  event_id: Id,
  endpoint_id: Id.nullable(),
  check_type: z.string(),
  started_at: Instant,
  ended_at: Instant.nullable(),
});

export const SiteOutage = z.object({
  start: Instant,
  end: Instant.nullable().meta({ description: 'null while it lasts.' }),
  duration_ms: z.int().meta({ description: 'From its start to its end, or until now.' }),
  downtime_ms: z.int().meta({ description: 'What of it lies in the window and counts as downtime.' }),
  worst_state: z.enum(['Seems Down', 'Down']),
  worst_severity: Severity,
  confirmed: z.boolean().meta({ description: 'It was Down, not only Seems Down.' }),
  endpoint_ids: z.array(Id),
  events: z.array(FailureEvent).meta({ description: 'Failures that were open then; of more than 50 the first ones.' }),
  event_count: z.int(),
});
export type SiteOutage = z.output<typeof SiteOutage>;

export const SiteOutages = pageOf(SiteOutage).extend({
  window: StatisticsWindow,
  treatment: Treatment,
  summary: z.object({
    count: z.int(),
    total_downtime_ms: z.int(),
    longest_ms: duration.meta({ description: 'Downtime of the longest one within the window; null without one.' }),
    ...outageFigures,
  }),
  false_alarms: z.array(FailureEvent.extend({ duration_ms: z.int() })).meta({
    description: 'Failures that verifiers or the monitor itself took back, newest first; of more than 50 the newest.',
  }),
});

export const listSiteIncidents = defineContract({
  operationId: 'listSiteIncidents',
  method: 'GET',
  path: '/api/v1/sites/:site_id/incidents',
  summary: 'Outages of a site, newest first',
  tag: 'Statistics',
  scope: 'read',
  query: z.strictObject({ ...PageQuery.shape, ...windowMembers, ...treatmentMembers }),
  status: 200,
  reply: SiteOutages,
  errors: [...WINDOW_ERRORS, 'invalid_limit', 'invalid_cursor'],
  example: { query: { window: '30d' } },
});

export const SiteLook = z.object({
  checked_at: Instant,
  endpoint_id: Id,
  result: z.enum(['healthy', 'failed']),
  http_code: z.int().nullable(),
  reason: z.string().nullable().meta({ description: 'Why it failed; null for a healthy look.' }),
  error_code: z.int().nullable(),
  request_method: z.string().nullable().meta({ description: 'Kept of failed looks alone.' }),
  timings_ms: z
    .object({
      dns: z.number().optional(),
      tcp: z.number().optional(),
      tls: z.number().optional(),
      ttfb: z.number().optional(),
      total: z.number().optional(),
    })
    .meta({ description: 'A phase that did not finish is absent.' }),
});
export type SiteLook = z.output<typeof SiteLook>;

export const listSiteHistory = defineContract({
  operationId: 'listSiteHistory',
  method: 'GET',
  path: '/api/v1/sites/:site_id/history',
  summary: 'Looks one by one, newest first',
  description:
    'Of one endpoint: the first one of the site unless another is named. Looks that could not tell are left out.',
  tag: 'Statistics',
  scope: 'read',
  query: z.strictObject({ ...PageQuery.shape, ...windowMembers, ...EndpointQuery }),
  status: 200,
  reply: pageOf(SiteLook).extend({ window: StatisticsWindow, endpoint_id: Id }),
  errors: [...WINDOW_ERRORS, 'site_endpoint_not_found', 'invalid_limit', 'invalid_cursor'],
  example: { query: { window: '1h', limit: 20 } },
});
