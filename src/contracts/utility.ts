/** Health, identity and the live stream. */
import { z } from 'zod';
import { COARSE_SCOPES, SCOPE_WORDS } from '../domain/grants.ts';
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
  /** A committed transition; the SSE id is its id. */
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
} as const;

export type StreamMessages = { [Name in keyof typeof STREAM_MESSAGES]: z.output<(typeof STREAM_MESSAGES)[Name]> };

export const stream = defineContract({
  operationId: 'stream',
  method: 'GET',
  path: '/api/v1/stream',
  summary: 'What happens, as it happens (server-sent events)',
  tag: 'Events',
  scope: 'read',
  resources: ['sites', 'events'],
  status: 200,
  messages: STREAM_MESSAGES,
  errors: ['too_many_streams'],
  example: {},
});
