/** Health, identity and the live stream. */
import { z } from 'zod';
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
});

export const getMe = defineContract({
  operationId: 'getMe',
  method: 'GET',
  path: '/api/v1/me',
  summary: 'Who this key belongs to',
  tag: 'Utility',
  scope: 'read',
  status: 200,
  reply: z.object({
    consumer_name: z.string(),
    scope: z.enum(['read', 'write', 'admin']),
    /** Null: not limited. */
    rate_limit_per_minute: z.int().nullable(),
    expires_at: Instant.nullable(),
  }),
  errors: [],
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
    /** 0: this server does not probe. */
    threads: z.int(),
    /** Visits under way, and jobs that wait for their turn. */
    running: z.int(),
    waiting: z.int(),
    /** Visits made since the start, and those of them that a pause of this machine made void. */
    visits: z.int(),
    voided: z.int(),
    /** Share of visits that were void. */
    void_rate: z.number(),
    /** Checks that stayed without a verdict, because every run of theirs was void. */
    stalled: z.int(),
  }),
  errors: [],
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
  tag: 'Utility',
  scope: 'read',
  status: 200,
  errors: ['too_many_streams'],
});
