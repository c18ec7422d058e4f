/** Writes a decision to the event log and keeps the target's view of its open incidents in step with it. */
import type { Decision, OpenIncident } from '../domain/incident.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { EventStore } from '../store/events.ts';
import { failedCheckOf } from '../store/history/failures.ts';
import { metadataFor } from './metadata.ts';
import type { Target } from './target.ts';

export type Decided = {
  target: Target;
  observation: Observation;
  verdict: Verdict;
  decision: Decision;
  nowMs: number;
  /** Whether this verdict speaks for the whole look: a failed one is kept with it. */
  speaks: boolean;
};

/**
 * Writes what there is to write, which may be nothing. False when it was refused, because the endpoint is not watched
 * under that URL any more. Rejects when it is not known what was written.
 */
export type AppendDecision = (decided: Decided) => Promise<boolean>;

export function createAppendDecision(parts: {
  events: Pick<EventStore, 'append'>;
  /** Whether incidents are written to the status column of the legacy registry. */
  projectStatus: boolean;
  newOpId(): string;
}): AppendDecision {
  return async ({ target, observation, verdict, decision, nowMs, speaks }) => {
    const failedCheck = speaks && verdict.state === 'Seems Down' ? failedCheckOf(target, observation, verdict) : null;
    const before = target.incidents.get(verdict.check) ?? null;
    if (failedCheck === null && !changesAnything(decision, before)) return true;
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
function changesAnything(decision: Decision, open: OpenIncident | null): boolean {
  const attemptsBefore = open?.failing?.attempts ?? 0;
  return decision.mutations.length > 0 || (decision.failing?.attempts ?? 0) !== attemptsBefore;
}
