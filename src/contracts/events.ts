/** Events: what broke, when, and every step of it. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { EventSiteId, Id, Instant, PageQuery, pageOf, QueryBoolean, Severity, StateLabel } from './values.ts';

export const EventSummary = z.object({
  id: Id,
  check_type: z.string(),
  severity: Severity,
  state: StateLabel,
  started_at: Instant,
});
export type EventSummary = z.output<typeof EventSummary>;

export const Event = EventSummary.extend({
  site_id: EventSiteId,
  endpoint_id: Id.nullable(),
  discriminator: z.string().nullable(),
  ended_at: Instant.nullable(),
  resolution_reason: z.string().nullable(),
  cause_event_id: Id.nullable(),
  /** Evidence taken when the event opened. */
  metadata: z.unknown(),
  duration_ms: z.int(),
  transition_count: z.int(),
});
export type Event = z.output<typeof Event>;

export const Transition = z.object({
  id: Id,
  event_id: Id,
  /** Position within the event, from 1. */
  seq: z.int(),
  severity_before: Severity.nullable(),
  severity_after: Severity.nullable(),
  state_before: z.string().nullable(),
  /** `Resolved` on close. */
  state_after: z.string().nullable(),
  reason: z.string(),
  source: z.string(),
  metadata: z.unknown(),
  changed_at: Instant,
});
export type Transition = z.output<typeof Transition>;

export const EventDetail = Event.extend({
  transitions: z.array(Transition).meta({
    description: 'Oldest first. Of more than 1,000 the newest; `transition_count` tells how many there are.',
  }),
});
export type EventDetail = z.output<typeof EventDetail>;

const filters = {
  ...PageQuery.shape,
  state: StateLabel.optional(),
  state__in: z.string().max(200).optional().meta({ description: 'Comma-separated states.' }),
  check_type: z.string().max(64).optional(),
  check_type__in: z.string().max(1000).optional(),
  started_at__gte: Instant.optional(),
  started_at__lt: Instant.optional(),
  active: QueryBoolean.optional(),
};

export const listEvents = defineContract({
  operationId: 'listEvents',
  method: 'GET',
  path: '/api/v1/events',
  summary: 'Events of all sites, newest first',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject(filters),
  status: 200,
  reply: pageOf(Event),
  errors: ['invalid_limit', 'invalid_cursor', 'invalid_filter'],
});

export const listSiteEvents = defineContract({
  operationId: 'listSiteEvents',
  method: 'GET',
  path: '/api/v1/sites/:site_id/events',
  summary: 'Events of one site, newest first',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject(filters),
  status: 200,
  reply: pageOf(Event),
  errors: ['invalid_site_id', 'invalid_limit', 'invalid_cursor', 'invalid_filter'],
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
});

export const listEventTransitions = defineContract({
  operationId: 'listEventTransitions',
  method: 'GET',
  path: '/api/v1/sites/:site_id/events/:event_id/transitions',
  summary: 'Transitions of an event, oldest first',
  tag: 'Events',
  scope: 'read',
  query: z.strictObject({ ...PageQuery.shape, limit: z.coerce.number().int().min(1).default(100) }),
  status: 200,
  reply: pageOf(Transition),
  errors: ['invalid_site_id', 'invalid_event_id', 'event_not_found', 'invalid_limit', 'invalid_cursor'],
});
