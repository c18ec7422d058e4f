/** A target is one endpoint as the engine holds it in memory: what to probe, how often, and what is open on it. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { NextLook, OpenIncident } from '../domain/incident.ts';
import { type ProbePlan, planFor } from '../domain/probe-plan.ts';
import { nextOnPhase, phaseMs } from '../domain/schedule.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Endpoint } from '../store/endpoints.ts';

export type Target = {
  readonly endpointId: EndpointId;
  readonly siteId: SiteId;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How it is probed; null: as the process probes, as nearly all are. */
  readonly plan: ProbePlan | null;
  readonly phaseMs: number;
  /** Open incident per check type. */
  readonly incidents: Map<string, OpenIncident>;
  /** The job that is out for this target; 0 when none is. A result of any other job is stale. */
  job: number;
  /** True once the target was replaced or removed: nothing may arm it again. */
  retired: boolean;
};

export function targetOf(
  endpoint: Endpoint,
  incidents: Map<string, OpenIncident>,
  defaults: { timeoutMs: number; plan: ProbePlan },
): Target {
  const intervalMs = endpoint.intervalSeconds * 1000;
  return {
    endpointId: endpoint.endpointId,
    siteId: endpoint.siteId,
    url: endpoint.url,
    intervalMs,
    timeoutMs: endpoint.timeoutSeconds === null ? defaults.timeoutMs : endpoint.timeoutSeconds * 1000,
    plan: planFor(endpoint.plan, defaults.plan),
    phaseMs: phaseMs(endpoint.endpointId, intervalMs),
    incidents,
    job: 0,
    retired: false,
  };
}

/** Milliseconds from `nowMs` to the target's next regular check. */
export function untilNextCheck(target: Target, nowMs: number): number {
  return nextOnPhase(nowMs, target.intervalMs, target.phaseMs) - nowMs;
}

/** What check history keeps of a look that was answered. */
export function lookOf({ endpointId, siteId }: Target, { startedAtMs, httpCode, timings }: Observation) {
  return { endpointId, siteId, atMs: startedAtMs, httpCode, timings };
}

/** The wait when no verdict wants a sooner look: until the target's place in its next round. */
export const NEXT_ROUND = Number.POSITIVE_INFINITY;

/** The wall clock may be set at any moment, so a time on it becomes a wait in the moment it was decided. */
export function waitOf(next: NextLook, nowMs: number): number {
  return next.why === 'interval' ? NEXT_ROUND : next.atMs - nowMs;
}
