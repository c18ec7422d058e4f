/** Events: what broke, when, and every step of it. */
import { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import { defineContract } from './contract.ts';
import {
  EventSiteId,
  Id,
  Instant,
  Limit,
  PageQuery,
  pageOf,
  QueryBoolean,
  SentInstant,
  Severity,
  StateLabel,
} from './values.ts';

export const EventSummary = z
  .object({
    id: Id,
    check_type: z.string(),
    severity: Severity,
    state: StateLabel,
    started_at: Instant,
  })
  .meta({ id: 'EventSummary' });
export type EventSummary = z.output<typeof EventSummary>;

const Vote = z.object({
  verifier: z.string(),
  region: z.string(),
  says: z.enum(['down', 'up', 'none']).meta({ description: '`none`: silent, or it could not tell.' }),
  reason: z.string().meta({ description: 'What it saw, or why it has no say.' }),
  http_code: z.int().nullable(),
  failure_class: z.string().nullable(),
  rtt_ms: z.int().nullable().meta({ description: 'How long its look took.' }),
  took_ms: z.int().nullable().meta({ description: 'From the question to its answer.' }),
  quarantined: z.boolean().meta({ description: 'It was heard and not counted.' }),
});

export const Verification = z
  .object({
    outcome: z.enum(['confirmed', 'refuted', 'regional', 'unverified']).meta({
      description: '`unverified`: too few were heard for a verdict; they are asked again.',
    }),
    verified_at: Instant,
    quorum: z.int().meta({ description: 'Regions that must agree.' }),
    regions: z.int().meta({ description: 'Regions there are.' }),
    down_regions: z.array(z.string()),
    votes: z.array(Vote).meta({ description: 'Of at most 32 verifiers.' }),
  })
  .meta({ id: 'Verification' });
export type Verification = z.output<typeof Verification>;

export const Event = EventSummary.extend({
  site_id: EventSiteId,
  endpoint_id: Id.nullable(),
  discriminator: z
    .string()
    .nullable()
    .meta({ description: 'Tells events of one check apart, where it can have several at once.' }),
  ended_at: Instant.nullable(),
  resolution_reason: z.string().nullable(),
  cause_event_id: Id.nullable(),
  metadata: z.unknown().meta({ description: 'Evidence taken when the event opened.' }),
  verification: Verification.nullable().meta({
    description:
      'What verifiers said of it last. Said again without a change, it is renewed once a minute at most. Null: they were not asked.',
  }),
  duration_ms: z.int().meta({ description: 'From start to end; of an open event to now.' }),
  transition_count: z.int(),
}).meta({ id: 'Event' });
export type Event = z.output<typeof Event>;

export const Transition = z
  .object({
    id: Id,
    event_id: Id,
    seq: z.int().meta({ description: 'Position within the event, from 1.' }),
    severity_before: Severity.nullable(),
    severity_after: Severity.nullable(),
    state_before: z.string().nullable(),
    state_after: z.string().nullable().meta({ description: '`Resolved` on close.' }),
    reason: z.string(),
    source: z.string(),
    metadata: z.unknown(),
    changed_at: Instant,
    began_at: Instant.optional().meta({
      description: 'Since when it is so, where that is before it was known: figures of uptime count from then on.',
    }),
  })
  .meta({ id: 'Transition' });
export type Transition = z.output<typeof Transition>;

export const EventDetail = Event.extend({
  transitions: z.array(Transition).meta({
    description: 'Oldest first. Of more than 1,000 the newest; `transition_count` tells how many there are.',
  }),
}).meta({ id: 'EventDetail' });
export type EventDetail = z.output<typeof EventDetail>;

/** Which events are wanted. */
export const EVENT_FILTERS = {
  ...PageQuery.shape,
  state: StateLabel.optional().meta({ description: 'Excludes `state__in`.' }),
  state__in: z.string().max(200).optional().meta({ description: 'Comma-separated states.' }),
  check_type: z.string().max(64).optional().meta({ description: 'Such as `http`; wins over `check_type__in`.' }),
  check_type__in: z.string().max(1000).optional().meta({ description: 'Comma-separated types of checks.' }),
  started_at__gte: SentInstant.optional().meta({ description: 'Started then or later; RFC 3339.' }),
  started_at__lt: SentInstant.optional().meta({ description: 'Started before then; RFC 3339.' }),
  active: QueryBoolean.optional().meta({ description: 'Only open events, or only closed ones.' }),
};

/** What a question about events can be refused with. */
export const EVENT_FILTER_ERRORS = [
  'invalid_limit',
  'invalid_cursor',
  'invalid_filter',
  'invalid_state_filter',
  'invalid_active',
  'invalid_started_at__gte',
  'invalid_started_at__lt',
] as const satisfies readonly ErrorCode[];

export const listEvents = defineContract({
  operationId: 'listEvents',
  method: 'GET',
  path: '/api/v1/events',
  summary: 'Events of all sites, newest first',
  description:
    'Where few of many are wanted a page may hold less than `limit`, even nothing, and still have a next one: go on until `next` is null.',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject(EVENT_FILTERS),
  status: 200,
  reply: pageOf(Event),
  errors: EVENT_FILTER_ERRORS,
  example: { query: { active: 'true' } },
});

const { active: _, ...OPEN_FILTERS } = EVENT_FILTERS;

export const listActiveEvents = defineContract({
  operationId: 'listActiveEvents',
  method: 'GET',
  path: '/api/v1/events/active',
  summary: 'Open events of all sites, newest first',
  description: 'The same as the list of events with `active` true.',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject(OPEN_FILTERS),
  status: 200,
  reply: pageOf(Event),
  errors: EVENT_FILTER_ERRORS.filter((code) => code !== 'invalid_active'),
  example: { query: { limit: 10 } },
});

export const listSiteEvents = defineContract({
  operationId: 'listSiteEvents',
  method: 'GET',
  path: '/api/v1/sites/:site_id/events',
  summary: 'Events of one site, newest first',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject(EVENT_FILTERS),
  status: 200,
  reply: pageOf(Event),
  errors: ['invalid_site_id', 'site_not_found', ...EVENT_FILTER_ERRORS],
  example: { query: { limit: 1 } },
});

export const getSiteEvent = defineContract({
  operationId: 'getSiteEvent',
  method: 'GET',
  path: '/api/v1/sites/:site_id/events/:event_id',
  summary: 'One event of a site with its transitions',
  tag: 'Events',
  scope: 'read',
  status: 200,
  reply: EventDetail,
  errors: ['invalid_site_id', 'invalid_event_id', 'event_not_found'],
  example: {},
});

export const getEvent = defineContract({
  operationId: 'getEvent',
  method: 'GET',
  path: '/api/v1/events/:event_id',
  summary: 'One event with its transitions',
  tag: 'Events',
  scope: 'read',
  status: 200,
  reply: EventDetail,
  errors: ['invalid_event_id', 'event_not_found'],
  example: {},
});

export const listEventTransitions = defineContract({
  operationId: 'listEventTransitions',
  method: 'GET',
  path: '/api/v1/sites/:site_id/events/:event_id/transitions',
  summary: 'Transitions of an event, oldest first',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject({ ...PageQuery.shape, limit: Limit(100) }),
  status: 200,
  reply: pageOf(Transition),
  errors: ['invalid_site_id', 'invalid_event_id', 'event_not_found', 'invalid_limit', 'invalid_cursor'],
  example: { query: { limit: 1 } },
});
