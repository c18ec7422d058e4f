/**
 * The decision, pure: given the open incident of one check on one endpoint and a new verdict, what changes in the
 * event log and when to look again. No clock, no I/O. A retry is a later look with the attempt count kept with the
 * incident, so a restart continues where it stopped.
 */
import type { EventId } from './ids.ts';
import type { Mutation } from './mutation.ts';
import { type IncidentState, severityOf } from './state.ts';
import type { Verdict } from './verdict.ts';

/** The open event of one (endpoint, check), as decide needs it. */
export type OpenIncident = {
  eventId: EventId;
  state: IncidentState;
  /** Null while the incident is only advisory. */
  failing: Failing | null;
};

/** How far the confirmation of a failure has come. Stored beside the incident. */
export type Failing = {
  /** The first failed attempt, ms since the epoch. */
  sinceMs: number;
  /** Failed fresh attempts so far, the first included. */
  attempts: number;
  /** When the first failure was known, which with a time-out is long after it began; absent after a restart: as `sinceMs`. */
  knownMs?: number;
};

export type DecisionPolicy = {
  /** Fresh local failures that confirm an outage, the first included (`NUM_OF_CHECKS`). */
  attemptsToConfirm: number;
  /** When each retry is due, ms after the first failure; the last gap repeats. */
  retryOffsetsMs: readonly number[];
  /** While an incident is open, recovery is looked for at least this often. */
  recoveryProbeMs: number;
  /** The endpoint's own interval. */
  intervalMs: number;
};

export type NextLook = { why: 'interval' } | { why: 'retry' | 'recovery' | 'unknown'; atMs: number };

/** The changes that a verdict can lead to. */
export type Decided = Extract<Mutation, { op: 'open' | 'promote' | 'close' }>;

export type Decision = {
  /** In order; empty when nothing changes. Applied in one transaction. */
  mutations: readonly Decided[];
  /** After this verdict; null when no failure is open. */
  failing: Failing | null;
  next: NextLook;
};

/** Default cadence: quick fresh retries 2, 5 and 10 s after the first failure, recovery looked for every 15 s. */
export const DEFAULT_CADENCE = { retryOffsetsMs: [2_000, 5_000, 10_000], recoveryProbeMs: 15_000 } as const;

/** Decides what one verdict means (spec/01 sections 2 and 8, spec/03 sections 5.8 and 7). */
export function decide(
  open: OpenIncident | null,
  verdict: Verdict,
  seenAtMs: number,
  nowMs: number,
  policy: DecisionPolicy,
): Decision {
  switch (verdict.state) {
    case 'Unknown':
      return cannotTell(open, verdict.followUp ?? 'soon', nowMs, policy);
    case 'Up':
      return open === null ? healthy() : recovered(open);
    case 'Warning':
    case 'Degraded':
      return advisory(open, verdict.state, seenAtMs);
    case 'Seems Down':
      return failing(open, seenAtMs, nowMs, policy);
  }
}

function healthy(): Decision {
  return NOTHING;
}

const NOTHING: Decision = { mutations: [], failing: null, next: { why: 'interval' } };

/**
 * Trouble of our own proves nothing: the log stays as it is, and we look again soon. Soon is a share of the interval,
 * so that trouble of a whole fleet does not become load on top of it.
 */
function cannotTell(
  open: OpenIncident | null,
  followUp: 'soon' | 'interval',
  nowMs: number,
  policy: DecisionPolicy,
): Decision {
  const soonMs = Math.min(policy.intervalMs, Math.max(policy.recoveryProbeMs, policy.intervalMs / 4));
  const next: NextLook = followUp === 'interval' ? { why: 'interval' } : { why: 'unknown', atMs: nowMs + soonMs };
  return { mutations: [], failing: open?.failing ?? null, next };
}

function recovered(open: OpenIncident): Decision {
  const reason = open.state === 'Down' ? 'verifier_cleared' : 'probe_cleared';
  return { mutations: [{ op: 'close', reason }], failing: null, next: { why: 'interval' } };
}

/** Advisories need no confirmation and keep the normal cadence; a failure that turned into one is stepped down. */
function advisory(open: OpenIncident | null, state: 'Warning' | 'Degraded', seenAtMs: number): Decision {
  const decision = (mutations: Decided[]): Decision => ({ mutations, failing: null, next: { why: 'interval' } });
  if (open === null) return decision([{ op: 'open', state, startedAtMs: seenAtMs, reason: 'opened' }]);
  if (open.state === state) return decision([]);
  const reason = severityOf(state) > severityOf(open.state) ? 'severity_escalation' : 'severity_deescalation';
  return decision([{ op: 'promote', state, reason }]);
}

function failing(open: OpenIncident | null, seenAtMs: number, nowMs: number, policy: DecisionPolicy): Decision {
  if (open?.state === 'Down') return { mutations: [], failing: open.failing, next: lookForRecovery(nowMs, policy) };
  const mutations: Decided[] = [];
  if (open === null) {
    mutations.push({ op: 'open', state: 'Seems Down', startedAtMs: seenAtMs, reason: 'opened' });
  } else if (open.state !== 'Seems Down') {
    mutations.push({ op: 'promote', state: 'Seems Down', reason: 'severity_escalation' });
  }
  const now: Failing = {
    // A first failure that lies ahead was noted before the clock was set back: its retries would wait for that time.
    sinceMs: Math.min(open?.failing?.sinceMs ?? seenAtMs, nowMs),
    attempts: (open?.failing?.attempts ?? 0) + 1,
  };
  if (now.attempts < policy.attemptsToConfirm) {
    return { mutations, failing: now, next: { why: 'retry', atMs: retryAtMs(now, nowMs, policy) } };
  }
  mutations.push({ op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' });
  return { mutations, failing: now, next: lookForRecovery(nowMs, policy) };
}

function lookForRecovery(nowMs: number, policy: DecisionPolicy): NextLook {
  return { why: 'recovery', atMs: nowMs + Math.min(policy.intervalMs, policy.recoveryProbeMs) };
}

/** Retries are due at fixed offsets from the first failure; one that is already past is due at once. */
function retryAtMs(now: Failing, nowMs: number, policy: DecisionPolicy): number {
  const offsets = policy.retryOffsetsMs;
  const lastGap = (offsets.at(-1) ?? 0) - (offsets.at(-2) ?? 0);
  const offset = offsets[now.attempts - 1] ?? (offsets.at(-1) ?? 0) + lastGap * (now.attempts - offsets.length);
  return Math.max(nowMs, now.sinceMs + offset);
}
