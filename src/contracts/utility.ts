/** Health, identity and the live stream. */
import { z } from 'zod';
import { COARSE_SCOPES, SCOPE_WORDS } from '../domain/grants.ts';
import { TENANT_ID } from '../domain/tenant-id.ts';
import { defineContract } from './contract.ts';
import { Transition } from './events.ts';
import { LatestResult } from './sites.ts';
import { EventSiteId, Id, Instant, StateLabel } from './values.ts';

export const getHealth = defineContract({
  operationId: 'getHealth',
  method: 'GET',
  path: '/api/v1/health',
  summary: 'Is this server able to serve',
  tag: 'Utility',
  scope: 'none',
  status: 200,
  reply: z.object({ status: z.literal('ok') }),
  errors: ['db_unavailable'],
  example: {},
});

export const getMe = defineContract({
  operationId: 'getMe',
  method: 'GET',
  path: '/api/v1/me',
  summary: 'Who this key belongs to',
  tag: 'Identity',
  scope: 'read',
  audience: 'every_key',
  status: 200,
  reply: z.object({
    consumer_name: z.string(),
    scope: z
      .enum(COARSE_SCOPES)
      .nullable()
      .meta({ description: 'Null where the call may do some of it only; see `scopes`.' }),
    scopes: z.array(z.enum(SCOPE_WORDS)).meta({
      description: 'What this call may do. Behind a gateway: what both its key and the public scopes allow.',
    }),
    is_gateway: z.boolean().meta({ description: 'Whether the key may speak for tenants, and has to.' }),
    tenant_id: z.string().nullable().meta({ description: 'The tenant it speaks for. Null: none.' }),
    rate_limit_per_minute: z.int().nullable().meta({ description: 'Null: not limited.' }),
    expires_at: Instant.nullable(),
  }),
  errors: [],
  example: {},
});

export const getProber = defineContract({
  operationId: 'getProber',
  method: 'GET',
  path: '/api/v1/prober',
  summary: 'How the prober of this server fares',
  tag: 'Utility',
  scope: 'read',
  status: 200,
  reply: z.object({
    threads: z.int().meta({ description: '0: this server does not probe.' }),
    /** Visits under way, and jobs that wait for their turn. */
    running: z.int(),
    waiting: z.int(),
    /** Visits made since the start, and those of them that a pause of this machine made void. */
    visits: z.int(),
    voided: z.int(),
    void_rate: z.number().meta({ description: 'Share of visits that were void.' }),
    /** Checks that stayed without a verdict, because every run of theirs was void. */
    stalled: z.int(),
  }),
  errors: [],
  example: {},
});

/** As much of it as its readers are promised here; the rest is OpenAPI's to say. */
const OpenApiReply = z
  .looseObject({
    openapi: z.literal('3.1.0'),
    info: z.looseObject({ title: z.string(), version: z.string() }),
    paths: z.record(z.string(), z.unknown()),
    components: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'OpenApiDocument' });

export const getOpenApi = defineContract({
  operationId: 'getOpenApi',
  method: 'GET',
  path: '/api/v1/openapi.json',
  summary: 'This description of the API, as OpenAPI 3.1',
  description: 'The same for everyone, and nothing in it is secret, so no key is asked for.',
  tag: 'Utility',
  scope: 'none',
  hasEtag: true,
  status: 200,
  reply: OpenApiReply,
  errors: [],
  example: {},
});

/** Messages of the stream, one schema per `event:` name. Data is one JSON document. */
export const STREAM_MESSAGES = {
  /** A committed transition, by whichever process. The SSE id is from where to go on, not always its own. */
  transition: z.object({
    site_id: EventSiteId,
    endpoint_id: Id.nullable(),
    check_type: z.string(),
    transition: Transition,
    site_state: StateLabel,
  }),
  /** New results, at most one message a second: the newest of each endpoint. */
  checked: z.object({
    results: z.array(z.object({ site_id: Id, endpoint_id: Id, site_state: StateLabel, latest: LatestResult })),
  }),
  /** A site was added, changed or removed. */
  site: z.object({ site_id: Id, change: z.enum(['created', 'updated', 'removed']) }),
  /** What came after `Last-Event-ID` cannot be told: fetch anew what is shown. What happens from now on follows. */
  reset: z.object({ reason: z.enum(['position_unknown', 'too_far_behind']) }),
} as const;

export type StreamMessages = { [Name in keyof typeof STREAM_MESSAGES]: z.output<(typeof STREAM_MESSAGES)[Name]> };

export const stream = defineContract({
  operationId: 'stream',
  method: 'GET',
  path: '/api/v1/stream',
  summary: 'What happens, as it happens (server-sent events)',
  description:
    'Every transition is told at least once, by `transition.id`, to whoever comes back with the last id in the header `Last-Event-ID`, as browsers do by themselves; without it the stream begins now. A message `reset` says that too much was missed. Results and changes of sites are those of the process that is asked, and are not repeated.',
  tag: 'Events',
  scope: 'read',
  resources: ['sites', 'events'],
  query: z.strictObject({
    site_id: z.string().max(2_000).optional().meta({ description: 'Ids of up to 100 sites, comma-separated.' }),
    tenant_id: z
      .string()
      .regex(TENANT_ID)
      .optional()
      .meta({ description: 'Only sites of this tenant. A tenant is told of its own sites alone, with or without it.' }),
    state: StateLabel.optional().meta({
      description:
        'Transitions into this state or out of it, and results of sites that are in it. Excludes `state__in`.',
    }),
    state__in: z.string().max(200).optional().meta({ description: 'Comma-separated states.' }),
    last_event_id: z
      .string()
      .max(19)
      .optional()
      .meta({ description: 'As the header `Last-Event-ID`, which wins, for those who cannot send headers.' }),
  }),
  status: 200,
  messages: STREAM_MESSAGES,
  errors: ['invalid_filter', 'invalid_cursor', 'site_not_found', 'too_many_streams'],
  example: {},
});
