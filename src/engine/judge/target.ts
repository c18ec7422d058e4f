/** A target is an endpoint in trouble: only of these does the engine hold more in memory than the columns of the fleet. */
import type { DecisionPolicy, ServerPolicy } from '../../domain/decision-policy.ts';
import type { EndpointId, EventId, SiteId } from '../../domain/ids.ts';
import type { NextLook, OpenIncident, Recent, Suspicion } from '../../domain/incident.ts';
import type { MaintenanceWindow } from '../../domain/maintenance.ts';
import type { ProbePlan } from '../../domain/probe-plan.ts';
import type { Observation, Verdict } from '../../domain/verdict.ts';

/** What is remembered of a check from look to look, beside what is open; see memory.ts. */
export type CheckMemory = {
  suspicion: Suspicion | null;
  recent: Recent;
  /** The newest look that failed: what verifiers are asked about, and the evidence beside their votes. */
  failure: { observation: Observation; verdict: Verdict } | null;
  /** The cause that stands with the open event; absent: not known, as after a restart. */
  linked?: EventId | null;
};

export type Target = {
  readonly slot: number;
  readonly endpointId: EndpointId;
  readonly siteId: SiteId;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How it is probed; null: as the process probes, as nearly all are. */
  readonly plan: ProbePlan | null;
  /** Open incident per check type. */
  readonly incidents: Map<string, OpenIncident>;
  /** What is remembered of each check beside what is open. */
  readonly memory: Map<string, CheckMemory>;
  /** The newest window that has begun or is to begin, as it is known now; null: there is none. */
  readonly maintenance: MaintenanceWindow | null;
  /** How long its last healthy look took, ms; null: not known. */
  usualMs: number | null;
  /** The gate has a question about it. */
  isJudged: boolean;
  /** Looks of it that are back, and waiting or being decided. */
  looksUndecided: number;
  /** Of those, looks that somebody asked for: they are no retries. */
  extrasUndecided: number;
  /** Counts what was settled: a look that arrived before says nothing any more. */
  epoch: number;
  /** Resolves when the decisions under way for it are written. */
  turn: Promise<void>;
  /** True once the target was replaced or removed: nothing may arm it again. */
  retired: boolean;
};

/** By which numbers it is decided. */
export function policyOf({ intervalMs, timeoutMs, usualMs }: Target, policy: ServerPolicy): DecisionPolicy {
  return { ...policy, intervalMs, timeoutMs, usualMs };
}

/** Whose result it is. */
export type Who = { endpointId: EndpointId; siteId: SiteId };

/** What check history keeps of a look that was answered. */
export function lookOf({ endpointId, siteId }: Who, { startedAtMs, httpCode, timings }: Observation) {
  return { endpointId, siteId, atMs: startedAtMs, httpCode, timings };
}

/** The wait when no verdict wants a sooner look: until the target's place in its next round. */
export const NEXT_ROUND = Number.POSITIVE_INFINITY;

/** The wall clock may be set at any moment, so a time on it becomes a wait in the moment it was decided. */
export function waitOf(next: NextLook, nowMs: number): number {
  switch (next.why) {
    case 'interval':
    case 'as_planned':
      return NEXT_ROUND;
    case 'verify':
      return next.lookAtMs - nowMs;
    default:
      return next.atMs - nowMs;
  }
}
