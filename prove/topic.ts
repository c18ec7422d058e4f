/** What a topic of proof is: claims about the project, each measured in the run that prints it. */

/** One row: what is claimed, the goal, what this run measured, and whether the goal was met. */
export type Claim = {
  what: string;
  goal: string;
  measured: string;
  held: boolean;
  /** What a reader needs to judge or repeat the figure. */
  detail?: string;
};

export type ProofContext = {
  /** Root of the checkout under proof. */
  root: string;
  /** Takes as long as it takes: sizes that are run once before a claim is made, not at every change. */
  long: boolean;
  /** Words of the claims that are wanted, in lower case; empty for all. */
  only: readonly string[];
  /** How often what is compared is run; null leaves it to the topic. */
  rounds: number | null;
  /** Says in a few words what is going on; shown on one line that the next one replaces. */
  progress(text: string): void;
  /** Aborted when the person who watches has had enough; what was started must end. */
  signal: AbortSignal;
};

export type Topic = {
  name: string;
  title: string;
  /** Yields each claim as soon as it is measured. */
  run(context: ProofContext): AsyncIterable<Claim>;
};

/** Whether a claim is wanted: asked before the work is done that would measure it. */
export function isWanted({ only }: Pick<ProofContext, 'only'>, what: string): boolean {
  const text = what.toLowerCase();
  return only.every((word) => text.includes(word));
}

/** A claim that could not be measured is missed, and says why. */
export function notMeasured(claim: Pick<Claim, 'what' | 'goal'>, error: unknown): Claim {
  return {
    ...claim,
    measured: 'not measured',
    held: false,
    detail: error instanceof Error ? error.message : String(error),
  };
}
