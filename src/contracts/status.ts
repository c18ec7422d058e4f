/** How a running server fares: one page of facts, for `jetmon2 status` and for other programs. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { getProber } from './utility.ts';
import { Id, Instant } from './values.ts';

const Count = z.int().min(0);

export const SERVER_STATES = ['starting', 'running', 'draining', 'stopping', 'stopped'] as const;

/** Why the configuration is what it is. */
export const ConfigStatus = z.object({
  /** Null: there is none. */
  file: z.string().nullable(),
  /** Times that it was read again since the start, whether taken or refused, and when that was last. */
  reloads: Count,
  reloaded_at: Instant.nullable(),
  /** Why the newest one was refused; null when it was not. The one before it holds then. */
  error: z.string().nullable(),
  /** Keys whose new values the newest reload put into effect. */
  changed: z.array(z.string()),
  /** Keys that say something new and want a restart for it. */
  restart_needed: z.array(z.string()),
});

/** A condition of our own under which failures of sites are believed. */
export const GateStatus = z.object({
  conditions: z.array(z.object({ name: z.string(), holds: z.boolean(), why: z.string().nullable() })),
});

export const VerifierStatus = z.object({
  name: z.string(),
  region: z.string(),
  /** Whether it answers. */
  healthy: z.boolean(),
  /** Why it gave no answer to the newest question; null when it gave one. */
  problem: z.string().nullable(),
  /** Whether its votes count for nothing, why, and since when. */
  quarantined: z.boolean(),
  quarantined_why: z.string().nullable(),
  quarantined_since: Instant.nullable(),
  /** 0 to 1: how often it agreed with the others about sites of late, without canaries; null while nothing is known. */
  score: z.number().nullable(),
  /** What it said of sites, without canaries. */
  votes: z.object({ confirm_down: Count, disagree: Count, none: Count }),
  /** What it said to questions whose answer is known; `none`: it could not tell, or gave no answer. */
  canaries: z.object({ right: Count, wrong: Count, none: Count }),
});

export const getStatus = defineContract({
  operationId: 'getStatus',
  method: 'GET',
  path: '/api/v1/status',
  summary: 'How this server fares',
  tag: 'Utility',
  scope: 'read',
  status: 200,
  reply: z.object({
    /** False when something is wrong; `problems` says what, one plain sentence each. */
    ok: z.boolean(),
    problems: z.array(z.string()),
    version: z.string(),
    host: z.string(),
    pid: z.int(),
    state: z.enum(SERVER_STATES),
    started_at: Instant,
    /** Endpoints that are watched, in all and by the worst that is open on them. */
    watched: z.object({ endpoints: Count, by_state: z.record(z.string(), Count) }),
    prober: getProber.reply,
    dispatch: z.object({
      /** Looks that came back, a second, over the newest interval of statistics; null before the first. */
      looks_per_second: z.number().nullable(),
      /** How late looks were handed to the prober since the start, in ms; null while nothing is known. */
      lateness_mean_ms: z.number().nullable(),
    }),
    /** Trouble of the monitor itself that is going on. */
    operator_events: z.array(z.object({ id: Id, state: z.string(), summary: z.string(), started_at: Instant })),
    /** Absent where nothing of that kind runs. */
    gate: GateStatus.optional(),
    verifiers: z.array(VerifierStatus).optional(),
    events: z.object({
      /** Changes of the log that wait for their commit. */
      waiting: Count,
      committed: Count,
      /** Commits that were tried again, and changes that were given up. */
      retried: Count,
      lost: Count,
    }),
    history: z.object({ pending: Count, dropped: Count }),
    database: z.object({
      kind: z.enum(['sqlite', 'mysql']),
      answers: z.boolean(),
      /** How long it took to answer; null when it did not. */
      took_ms: z.number().nullable(),
    }),
    memory: z.object({ rss_bytes: Count, heap_bytes: Count }),
    event_loop: z.object({
      /** How late timers of the main thread ran over the newest interval of statistics. */
      p99_ms: z.number(),
      max_ms: z.number(),
    }),
    config: ConfigStatus,
    limits: z.object({
      min_check_interval_seconds: z.int().min(1).meta({
        description:
          'Shortest interval that may be set: `MIN_CHECK_INTERVAL_SECONDS`. Sites that have a shorter one keep it.',
      }),
    }),
  }),
  errors: ['server_not_running'],
  example: {},
});
