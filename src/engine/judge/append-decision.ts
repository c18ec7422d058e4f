/** Writes a decision to the event log and keeps the target's view of its open incidents in step with it. */

import { linkFor } from '../../domain/causes.ts';
import type { OpenIncident } from '../../domain/incident.ts';
import type { Mutation } from '../../domain/mutation.ts';
import type { Observation, Verdict } from '../../domain/verdict.ts';
import { verificationEvidence } from '../../domain/verification-evidence.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EventStore } from '../../store/events.ts';
import type { FalsePositive } from '../../store/false-positives.ts';
import { failedCheckOf } from '../../store/history/failures.ts';
import type { Decided } from './decided.ts';
import { metadataFor } from './metadata.ts';
import type { Target } from './target.ts';
import { createVerificationNews } from './verification-news.ts';

/**
 * Writes what there is to write, which may be nothing. False when it was refused, because the endpoint is not watched
 * under that URL any more. Rejects when it is not known what was written.
 */
export type AppendDecision = (decided: Decided) => Promise<boolean>;

export type AppendParts = {
  events: Pick<EventStore, 'append'>;
  /** Whether incidents are written to the status column of the legacy registry. */
  projectStatus: boolean;
  newOpId(): string;
};

export function createAppendDecision(parts: AppendParts): AppendDecision {
  const news = createVerificationNews();
  return async (decided) => {
    const { target, observation, verdict, decision, speaks } = decided;
    const failedCheck = speaks && verdict.state === 'Seems Down' ? failedCheckOf(target, observation, verdict) : null;
    const before = target.incidents.get(verdict.check) ?? null;
    const isChange = changesAnything(decision, before);
    const falsePositive = falsePositiveOf(decided);
    const verification = news.of(decided, before);
    if (failedCheck === null && !isChange && falsePositive === null && verification === null) return true;
    const { siteId, endpointId, url, incidents } = target;
    const { eventId, open, refused } = await parts.events.append({
      identity: { siteId, endpointId, checkType: verdict.check, discriminator: null },
      mutations: decision.mutations,
      failing: decision.failing,
      isFailingStored: !isChange,
      opId: parts.newOpId(),
      epoch: 0,
      atMs: decided.nowMs,
      source: decided.verification === undefined ? 'local' : 'verifiers',
      metadata: metadataFor(decided),
      project: parts.projectStatus,
      failedCheck,
      falsePositive,
      verification,
      onlyWhileWatching: { url },
    });
    if (refused === null && verification !== null) news.kept(decided, eventId);
    if (open === null) incidents.delete(verdict.check);
    else incidents.set(verdict.check, stillKnown(open, decision));
    return refused === null;
  };
}

/** What others refuted is remembered. */
function falsePositiveOf({ target, observation, verdict, verification, nowMs }: Decided): FalsePositive | null {
  if (verification?.outcome !== 'refuted') return null;
  const { total } = observation.timings;
  return {
    siteId: target.siteId,
    endpointId: target.endpointId,
    checkType: verdict.check,
    httpCode: observation.httpCode,
    errorCode: observation.evidence?.error_code ?? null,
    rttMs: total ?? null,
    evidence: verificationEvidence(verification),
    atMs: nowMs,
  };
}

/** The store keeps less of a confirmation than whoever carries it on needs. */
function stillKnown(open: OpenIncident, { failing }: Decided['decision']): OpenIncident {
  const isSame = failing !== null && failing.sinceMs === open.failing?.sinceMs;
  return isSame ? { ...open, failing } : open;
}

/** Whether there is anything to write: a change of the log, or of how far confirmation has come. */
function changesAnything({ mutations, failing }: Decided['decision'], open: OpenIncident | null): boolean {
  const attemptsBefore = open?.failing?.attempts ?? 0;
  return mutations.length > 0 || (open !== null && (failing?.attempts ?? 0) !== attemptsBefore);
}

/** Names the event that explains this failure as its cause, or takes the name away (spec/01 section 9). */
export type LinkCause = (target: Target, observation: Observation, failure: Verdict) => Promise<void>;

export function createLinkCause(parts: AppendParts & { clock: Pick<Clock, 'nowMs'> }): LinkCause {
  return async (target, observation, failure) => {
    const { incidents, memory } = target;
    const open = incidents.get(failure.check);
    const remembered = memory.get(failure.check);
    if (open === undefined || remembered === undefined) return;
    const link: Mutation | null = linkFor(failure, incidents, remembered.linked ?? null);
    if (link === null) return;
    const decision = { mutations: [], failing: open.failing };
    await parts.events.append({
      identity: { siteId: target.siteId, endpointId: target.endpointId, checkType: failure.check, discriminator: null },
      mutations: [link],
      failing: open.failing,
      opId: parts.newOpId(),
      epoch: 0,
      atMs: parts.clock.nowMs(),
      source: 'local',
      metadata: metadataFor({ target, observation, verdict: failure, decision, proof: null }),
      project: parts.projectStatus,
      onlyWhileWatching: { url: target.url },
      onlyEvent: open.eventId,
    });
    remembered.linked = link.causeEventId;
  };
}
