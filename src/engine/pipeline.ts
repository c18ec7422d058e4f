/**
 * The main path, end to end: wheel -> prober -> verdict -> decide -> append. A newcomer starts reading here.
 */
import type { DecisionPolicy } from '../domain/incident.ts';
import { isAnswered } from '../domain/state.ts';
import { type Observation, worstVerdict } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { History } from '../store/history/history.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { AppendDecision } from './append-decision.ts';
import { createJobs } from './jobs.ts';
import { createSettle } from './settle.ts';
import { lookOf, NEXT_ROUND, type Target, untilNextCheck } from './target.ts';
import type { Wheel } from './wheel.ts';

export type PipelineParts = {
  wheel: Wheel<Target>;
  prober: Prober;
  append: AppendDecision;
  runtime: Pick<RuntimeStore, 'record'>;
  history: Pick<History, 'add'>;
  clock: Clock;
  policy: Omit<DecisionPolicy, 'intervalMs'>;
  /** Told of every result, after it is recorded. */
  onResult(target: Target): void;
  /** A decision was written for a target that was replaced meanwhile: who took its place may not know of it. */
  onLateWrite(target: Target): void;
  /** A decision could not be written. The target is left unarmed: what is open on it must be read again first. */
  onWriteFailure(target: Target, error: unknown): void;
};

export function createPipeline(parts: PipelineParts) {
  const { wheel, prober, runtime, history, clock } = parts;
  const settle = createSettle(parts);
  const jobs = createJobs();
  const writing = new Set<Promise<void>>();

  /** The wheel says: these are due. */
  function due(targets: readonly Target[]): void {
    prober.submit(targets.map(jobs.jobFor));
  }

  /** The prober says: this is what was seen. */
  function seen(results: readonly ProbeResult[]): void {
    for (const { id, observation } of results) {
      const target = jobs.claim(id);
      if (target !== null) consider(target, observation);
    }
  }

  /** Healthy with nothing open, as nearly all are: no decision and no database. */
  function consider(target: Target, observation: Observation): void {
    const worst = worstVerdict(observation.verdicts);
    runtime.record(target, observation, worst);
    // A look that failed is history with the decision it leads to; Unknown was no look, and stays unobserved.
    if (isAnswered(worst.state)) history.add(lookOf(target, observation));
    parts.onResult(target);
    if (worst.state === 'Up' && target.incidents.size === 0) {
      arm(target, NEXT_ROUND);
      return;
    }
    const work = settle(target, observation)
      .then((waitMs) => (waitMs === null ? undefined : arm(target, waitMs)))
      .catch((error: unknown) => parts.onWriteFailure(target, error))
      .finally(() => writing.delete(work));
    writing.add(work);
  }

  /** A target that got another job while we were writing (it was changed) is armed by that job. */
  function arm(target: Target, waitMs: number): void {
    if (target.job !== 0 || target.retired) return;
    wheel.arm(target, waitMs === NEXT_ROUND ? untilNextCheck(target, clock.nowMs()) : waitMs);
  }

  return {
    due,
    seen,
    /** Resolves when no decision is being written any more. */
    settled: async () => void (await Promise.all(writing)),
  };
}
