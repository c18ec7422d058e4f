/** Writes a decision to the event log and keeps the target's view of its open incidents in step with it. */
import type { Decision, OpenIncident } from '../domain/incident.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { EventStore } from '../store/events.ts';
import type { FailedCheck } from '../store/history/failures.ts';
import { metadataFor } from './metadata.ts';
import type { Target } from './target.ts';

export type Decided = {
  target: Target;
  observation: Observation;
  verdict: Verdict;
  decision: Decision;
  nowMs: number;
  /** The look itself, where it failed and this verdict speaks for it. */
  failedCheck: FailedCheck | null;
};

/**
 * False when nothing was written because the endpoint is not watched under that URL any more. Rejects when it is not
 * known what was written.
 */
export type AppendDecision = (decided: Decided) => Promise<boolean>;

export function createAppendDecision(parts: {
  events: Pick<EventStore, 'append'>;
  /** Whether incidents are written to the status column of the legacy registry. */
  projectStatus: boolean;
  newOpId(): string;
}): AppendDecision {
  return async ({ target, observation, verdict, decision, nowMs, failedCheck }) => {
    const { siteId, endpointId, url, incidents } = target;
    const { open, refused } = await parts.events.append({
      identity: { siteId, endpointId, checkType: verdict.check, discriminator: null },
      mutations: decision.mutations,
      failing: decision.failing,
      opId: parts.newOpId(),
      epoch: 0,
      atMs: nowMs,
      source: 'local',
      metadata: metadataFor(target, observation, verdict, decision),
      project: parts.projectStatus,
      failedCheck,
      onlyWhileWatching: { url },
    });
    if (open === null) incidents.delete(verdict.check);
    else incidents.set(verdict.check, open);
    return refused === null;
  };
}

/** Whether there is anything to write: a change of the log, or of how far confirmation has come. */
export function changesAnything(decision: Decision, open: OpenIncident | null): boolean {
  const attemptsBefore = open?.failing?.attempts ?? 0;
  return decision.mutations.length > 0 || (decision.failing?.attempts ?? 0) !== attemptsBefore;
}
