/** The port through which the engine asks others whether they see what it sees; `app` wires it to the verifiers. */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { ProbePlan } from '../../domain/probe-plan.ts';
import type { Verification } from '../../domain/verification.ts';

export type Question = {
  siteId: SiteId;
  endpointId: EndpointId;
  url: string;
  /** The endpoint's own deadline: verifiers get all of it. */
  timeoutMs: number;
  /** Null: as this process probes by default. */
  plan: ProbePlan | null;
  /** It gave us no answer, so that a look elsewhere is likely to take all of its time, too. */
  mayHang: boolean;
};

export interface Confirm {
  /** False: there are no verifiers, and local evidence has the last word. */
  readonly isConfigured: boolean;
  /**
   * Resolves within the deadline and a few seconds, counted from its turn where many ask, with `no_verdict` for whatever
   * goes wrong. Never rejects. The signal says that the suspicion was withdrawn: what was or will be said of it is held
   * against nobody. `isWanted`: whether it still matters when its turn comes; it does when absent.
   */
  ask(question: Question, withdrawn: AbortSignal, isWanted?: () => boolean): Promise<Verification>;
  /** Told when others are there to be asked than before; who had no answer need not wait to ask again. */
  onChange?(listener: () => void): void;
}

/** Of a set-up without verifiers. */
export const NO_VERIFIERS: Confirm = {
  isConfigured: false,
  ask: () => Promise.reject(new Error('there are no verifiers to ask')),
};
