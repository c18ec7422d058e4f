/**
 * Which answer of the verifiers is kept with the event it is about: each that says something new, and one that says the
 * same again after a minute, after two, and so on to a quarter of an hour, so that a failure nobody can verify for hours is
 * neither silent nor a flood of writes.
 */
import type { EventId } from '../../domain/ids.ts';
import type { OpenIncident } from '../../domain/incident.ts';
import type { Verification } from '../../domain/verification.ts';
import { verificationEvidence } from '../../domain/verification-evidence.ts';
import type { KeptVerification } from '../../store/event-verifications.ts';
import type { Decided } from './decided.ts';
import type { Target } from './target.ts';

export interface VerificationNews {
  /** What is to be kept of this decision; null: nothing. `open`: the event before it. */
  of(decided: Decided, open: OpenIncident | null): KeptVerification | null;
  /** It was written, with that event. */
  kept(decided: Decided, eventId: EventId | null): void;
}

const SAME_AGAIN_MS = { first: 60_000, longest: 900_000 };

type Kept = { eventId: EventId; words: string; atMs: number; againMs: number };

export function createVerificationNews(): VerificationNews {
  // A target that is replaced, or a later start, keeps one more answer than it needs to.
  const known = new WeakMap<Target, Map<string, Kept>>();
  return {
    of({ target, verdict, decision, verification, nowMs }, open) {
      if (verification === undefined || (open === null && decision.mutations.length === 0)) return null;
      const last = known.get(target)?.get(verdict.check);
      const isSame = last !== undefined && last.eventId === open?.eventId && last.words === wordsOf(verification);
      if (isSame && decision.mutations.length === 0 && nowMs >= last.atMs && nowMs - last.atMs < last.againMs)
        return null;
      return { outcome: outcomeOf(verification), atMs: nowMs, evidence: verificationEvidence(verification) };
    },
    kept({ target, verdict, verification, nowMs }, eventId) {
      if (verification === undefined || eventId === null) return;
      const ofTarget = known.get(target) ?? new Map<string, Kept>();
      const words = wordsOf(verification);
      const last = ofTarget.get(verdict.check);
      const isSame = last?.eventId === eventId && last.words === words;
      const againMs = isSame ? Math.min(2 * last.againMs, SAME_AGAIN_MS.longest) : SAME_AGAIN_MS.first;
      known.set(target, ofTarget.set(verdict.check, { eventId, words, atMs: nowMs, againMs }));
    },
  };
}

function outcomeOf({ outcome }: Verification): KeptVerification['outcome'] {
  return outcome === 'no_verdict' ? 'unverified' : outcome;
}

/** Who said what, without what differs from one time to the next: how long it took, and why one said nothing. */
function wordsOf({ outcome, votes }: Verification): string {
  const said = votes.map(({ verifier, says, reason, httpCode }) =>
    says === 'none' ? `${verifier} none` : `${verifier} ${says} ${reason} ${httpCode}`,
  );
  return [outcome, ...said.sort()].join('\n');
}
