/**
 * What the gate is asked and what it answers: may a failed look be held against the site, or can the trouble be ours
 * (reliability.md 3.4)? All instants here are of the monotonic clock, in ms.
 */
import type { EndpointId, SiteId } from './ids.ts';
import type { FailureShape } from './verdict.ts';

/** A look that ended well. */
export type PassedLook = {
  endpointId: EndpointId;
  /** Where the last request went; null: it tells nothing of any network. */
  address: string | null;
  startedAtMonoMs: number;
  endedAtMonoMs: number;
};

/** A look that failed, as it is brought before the gate. */
export type FailedLook = {
  endpointId: EndpointId;
  siteId: SiteId;
  address: string | null;
  shape: FailureShape;
  startedAtMonoMs: number;
  /** The target was well or unknown before, and nothing is open on it. */
  isOnset: boolean;
};

/**
 * What showed that our network worked. `not_needed`: the reply itself. `passed`: others were reached. `too_few`: nothing,
 * because fewer than two others in other networks are known; the event says so.
 */
export type Proof = 'not_needed' | 'passed' | 'too_few';

/** Why nobody can tell: stable, public, and also the name of the operator event. */
export type GateReason = 'network_unproven' | 'mass_failure' | 'clock_jumped';

export type Judgement =
  | { kind: 'believe'; references: Proof }
  /** No Seems Down on local evidence: whoever else can be asked has the word, and until then nothing is known. */
  | { kind: 'ask_verifiers_only'; reason: GateReason; summary: string }
  | { kind: 'unknown'; reason: GateReason; summary: string };
