/** What is done to a site besides changing it: pause, resume, a look at once, and the end of an event by hand. */
import { z } from 'zod';
import { CLOSE_REASONS } from '../domain/mutation.ts';
import { defineContract } from './contract.ts';
import { EventDetail } from './events.ts';
import { Site } from './sites.ts';
import { Id, Instant, StateLabel, TimingsMs } from './values.ts';

/** What is the same of pause and resume. */
const SWITCH = {
  method: 'POST',
  tag: 'Sites',
  scope: 'write',
  isIdempotent: true,
  status: 200,
  reply: Site,
  errors: ['invalid_site_id', 'site_not_found'],
  example: {},
} as const;

export const pauseSite = defineContract({
  ...SWITCH,
  operationId: 'pauseSite',
  path: '/api/v1/sites/:site_id/pause',
  summary: 'Stop checking a site for a while; its open events are closed',
  description:
    'The same as a PATCH with `monitor_active` false: every open event is closed with `manual_override`, and the site is `Paused`. A site that is paused already stays as it is.',
});

export const resumeSite = defineContract({
  ...SWITCH,
  operationId: 'resumeSite',
  path: '/api/v1/sites/:site_id/resume',
  summary: 'Check a site again; nothing is reopened',
  description:
    'The same as a PATCH with `monitor_active` true. It is looked at within the second, and until then its state is that of its last look, or `Unknown`. A removed site is taken back.',
});

const WholeMs = z.int().min(0);

/** One look in the numbers that programs of long ago know. */
export const CheckResult = z.object({
  http_code: z.int().meta({ description: 'Status of the last reply; 0: none came.' }),
  error_code: z.int().meta({
    description:
      '0 nothing, 1 time-out, 2 connection, 3 TLS, 4 redirect, 5 keyword, 6 certificate lapsed, 7 TLS of long ago, 8 body.',
  }),
  success: z.boolean().meta({ description: 'The site works. False as well where we could not tell: see `checks`.' }),
  rtt_ms: WholeMs.meta({ description: 'The whole look; 0 where it is not known, as in the members that follow.' }),
  dns_ms: WholeMs,
  tcp_ms: WholeMs,
  tls_ms: WholeMs,
  ttfb_ms: WholeMs,
  ssl_expires_at: Instant.optional(),
});

export const Finding = z.object({
  check: z.string(),
  state: StateLabel,
  reason: z.string(),
  summary: z.string().meta({ description: 'One plain sentence; may quote what a server sent.' }),
});

export const TriggeredCheck = z.object({
  endpoint_id: Id,
  monitor_url: z.string(),
  booked: z.boolean().meta({
    description:
      'Whether the look counts like any other. False: it is only reported, as of an endpoint that is paused.',
  }),
  state: StateLabel.meta({ description: 'What this look suggests; Unknown where we cannot tell.' }),
  reason: z.string(),
  summary: z.string(),
  http_code: z.int().nullable(),
  address: z.string().nullable(),
  timings_ms: TimingsMs,
  checked_at: Instant,
  findings: z.array(Finding).meta({ description: 'What each check found.' }),
});

/** Looks at once, at sites and at endpoints, count against one limit. */
const TRIGGERS = { perMinute: 30, countedAs: 'trigger-now' };

export const triggerSiteCheck = defineContract({
  operationId: 'triggerSiteCheck',
  method: 'POST',
  path: '/api/v1/sites/:site_id/trigger-now',
  summary: 'Look at a site now and wait for what follows',
  description:
    'The look counts like every other: success closes what it proves to be over and nothing else, failure is one observation that others have to confirm. Waits at most 30 s; a look that takes longer goes on and is booked when it ends. Looks that are asked for have places of their own, of which a tenant has a share: endpoints for which none is left are told with the reason `no_place`, and where none is left for any the answer is 503 with `Retry-After`. `result` speaks of the first endpoint.',
  tag: 'Sites',
  scope: 'write',
  isIdempotent: true,
  rateLimit: TRIGGERS,
  status: 200,
  reply: z.object({
    result: CheckResult,
    current_state: StateLabel.meta({ description: 'State of the site after this, rolled up from all that is known.' }),
    active_events_closed: z.array(Id).meta({ description: 'Events that these looks closed.' }),
    booked: z.boolean().meta({
      description:
        'Whether every look counts; `checks` tells which. False where no server runs, the site is paused, or a look found no place.',
    }),
    checks: z.array(TriggeredCheck).meta({ description: 'One for each endpoint, the first one first.' }),
    endpoints_left_out: z.int().min(0).meta({ description: 'Endpoints beyond the 20 that are looked at at once.' }),
  }),
  errors: ['invalid_site_id', 'site_not_found', 'too_many_looks', 'server_not_running'],
  example: {},
});

export const triggerEndpointCheck = defineContract({
  operationId: 'triggerEndpointCheck',
  method: 'POST',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/trigger-now',
  summary: 'Look at one endpoint now and wait for what follows',
  description: 'As the same of a site, of which this may be any endpoint, however many there are.',
  tag: 'Endpoints',
  scope: 'write',
  isIdempotent: true,
  rateLimit: TRIGGERS,
  status: 200,
  reply: z.object({
    result: CheckResult,
    current_state: StateLabel.meta({ description: 'State of the endpoint after this.' }),
    active_events_closed: z.array(Id).meta({ description: 'Events that this look closed.' }),
    check: TriggeredCheck,
  }),
  errors: ['invalid_site_id', 'invalid_endpoint_id', 'site_endpoint_not_found', 'too_many_looks', 'server_not_running'],
  example: {},
});

export const triggerCheck = defineContract({
  operationId: 'triggerCheck',
  method: 'POST',
  path: '/api/v1/sites/:site_id/checks/:check_id/trigger-now',
  summary: 'Look now at what one check is set for, and tell what it finds',
  description:
    'As the same of a site, at the endpoints that the setting speaks for: the one it names, or those of the site that have no setting of their own for this check. All checks of an endpoint judge one and the same visit, so it counts for the others, too; the answer tells of this one.',
  tag: 'Checks',
  scope: 'write',
  isIdempotent: true,
  rateLimit: TRIGGERS,
  status: 200,
  reply: z.object({
    check_type: z.string(),
    enabled: z.boolean().meta({ description: 'false: it is switched off, so there is nothing that it could find.' }),
    current_state: StateLabel.meta({ description: 'State of the site after this.' }),
    active_events_closed: z.array(Id).meta({ description: 'Events that these looks closed, by whichever check.' }),
    endpoints: z
      .array(
        z.object({
          endpoint_id: Id,
          monitor_url: z.string(),
          booked: TriggeredCheck.shape.booked,
          finding: Finding.nullable().meta({ description: 'null: it had nothing to say of this look.' }),
          checked_at: Instant,
        }),
      )
      .meta({ description: 'One for each, the first one first. Empty where the setting speaks for none.' }),
    endpoints_left_out: z.int().min(0).meta({ description: 'Endpoints beyond the 20 that are looked at at once.' }),
  }),
  errors: ['invalid_site_id', 'invalid_check_id', 'check_not_found', 'too_many_looks', 'server_not_running'],
  // Setting 1 is what the first of these makes; the second switches it on.
  example: { after: ['createCheck', 'updateCheck'] },
});

export const CloseEvent = z
  .strictObject({
    reason: z.enum(CLOSE_REASONS).meta({
      description: 'Why it is over. `manual_override` unless said otherwise; words of your own go to `note`.',
    }),
    note: z.string().max(1_000).meta({ description: 'Kept with the transition that closes it.' }),
  })
  .partial();

export const closeEvent = defineContract({
  operationId: 'closeEvent',
  method: 'POST',
  path: '/api/v1/sites/:site_id/events/:event_id/close',
  summary: 'Close an event by hand',
  description:
    'An event that is closed already stays as it is. The endpoint is looked at again at once: what is still wrong opens a new event.',
  tag: 'Events',
  scope: 'write',
  isIdempotent: true,
  isBodyOptional: true,
  body: CloseEvent,
  status: 200,
  reply: EventDetail,
  errors: [
    'invalid_site_id',
    'invalid_event_id',
    'event_not_found',
    'event_not_closable',
    'invalid_body',
    'invalid_field',
  ],
  example: { body: { reason: 'false_alarm', note: 'the firewall of the office was in the way' } },
});
