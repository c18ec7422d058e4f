/** A decision with all that it rests on: what is written of it follows from this alone. */
import type { Proof } from '../../domain/gate.ts';
import type { Decision } from '../../domain/incident.ts';
import type { Observation, Verdict } from '../../domain/verdict.ts';
import type { Verification } from '../../domain/verification.ts';
import type { Target } from './target.ts';

export type Decided = {
  target: Target;
  observation: Observation;
  verdict: Verdict;
  decision: Pick<Decision, 'mutations' | 'failing'>;
  nowMs: number;
  /** Whether this verdict speaks for the whole look: a failed one is kept with it. */
  speaks: boolean;
  /** What showed that our network worked when the look failed; null: nothing had to. */
  proof: Proof | null;
  /** What others said, when the decision is one on that. */
  verification?: Verification;
  /** Why what was said is taken back. */
  withdrawn?: string;
};
