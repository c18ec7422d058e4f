/** One run of a job in a prober thread: visit and judge. A throw is our own failure and becomes Unknown. */
import { http } from '../checks/application/http.ts';
import { type Check, verdictOf } from '../checks/check.ts';
import { type Judgement, judge, observationOf } from '../checks/observe.ts';
import { isVoid, type Visit, type Visitor } from '../checks/visit.ts';
import { DEFAULT_PLAN, type ProbePlan } from '../domain/probe-plan.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProbeJob } from './prober.ts';

/** What came of one run of a job. */
export type JobOutcome =
  /** A pause of ours fell into it, and it may be run again. */
  | { kind: 'void' }
  /** Nothing was found that is worth words. */
  | { kind: 'healthy'; judgement: Judgement }
  /** `isStalled`: void as well, but it was the last run. */
  | { kind: 'observed'; observation: Observation; isStalled: boolean };

/** Calls back once, possibly before it returns. */
export type JobRunner = (job: ProbeJob, voidedRuns: number, done: (outcome: JobOutcome) => void) => void;

/** How often a job is run again before it counts as Unknown (reliability.md 3.4). */
const MAX_RERUNS = 3;

export function createJobRunner(deps: {
  visit: Visitor;
  checks: readonly Check[];
  clock: Clock;
  /** The plan of a job that brings none. */
  plan: ProbePlan;
}): JobRunner {
  const { visit, checks, clock } = deps;

  function outcomeOf({ evidence }: ProbeJob, made: Visit, voidedRuns: number): JobOutcome {
    const isWorthless = isVoid(made);
    if (isWorthless && voidedRuns < MAX_RERUNS) return { kind: 'void' };
    const judgement = judge(made, checks, clock.nowMs());
    if (judgement.isHealthy && evidence === 'unless_healthy') return { kind: 'healthy', judgement };
    return { kind: 'observed', observation: observationOf(judgement, evidence), isStalled: isWorthless };
  }

  return (job, voidedRuns, done) => {
    const { url, timeoutMs, budgets, precedence } = job;
    const plan = job.plan ?? deps.plan;
    const wantsEvidence = job.evidence === 'always';
    const failed = (error: unknown): void => {
      done({
        kind: 'observed',
        observation: proberFailed({ ...job, plan }, clock.nowMs(), error, voidedRuns),
        isStalled: false,
      });
    };
    const visited = (made: Visit): void => {
      let outcome: JobOutcome;
      try {
        outcome = outcomeOf(job, made, voidedRuns);
      } catch (error) {
        failed(error);
        return;
      }
      done(outcome);
    };
    try {
      visit({ url, timeoutMs, plan, budgets, wantsEvidence, voidedRuns, precedence }, visited, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** The observation of a probe that we, not the site, broke. */
export function proberFailed(
  { url, plan }: Pick<ProbeJob, 'url' | 'plan'>,
  nowMs: number,
  error: unknown,
  voidedRuns = 0,
): Observation {
  const code = error instanceof Error ? error.name : 'UNKNOWN';
  // No stack: it would put paths of this machine into what is stored.
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  const asked = plan ?? DEFAULT_PLAN;
  return {
    startedAtMs: nowMs,
    timings: {},
    httpCode: null,
    address: null,
    certificateExpiresAtMs: null,
    verdicts: [verdictOf(http, { reason: 'prober_failed', details: { code } })],
    evidence: {
      url,
      method: asked.method,
      detection_profile: asked.profile,
      redirect_policy: asked.redirects,
      error_code: 2,
      failure_class: 'intermittent',
      detector_class: 'unknown',
      keyword_rule: null,
      hops: [],
      final_url: null,
      http_code: null,
      error: { phase: 'prober', code, detail },
      body: null,
      voided_runs: voidedRuns,
    },
  };
}
