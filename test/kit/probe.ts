/** One probe from a test: the real wire and the real checks, without a thread between. */
import { CHECKS } from '../../src/checks/registry.ts';
import { createVisitor, NO_PAUSES } from '../../src/checks/visit.ts';
import { type BodyBudgets, DEFAULT_BUDGETS, DEFAULT_PLAN, type ProbePlan } from '../../src/domain/probe-plan.ts';
import type { Observation, Verdict } from '../../src/domain/verdict.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createJobRunner } from '../../src/prober/run-job.ts';
import type { EgressSettings } from '../../src/wire/egress-guard.ts';
import { createWire } from '../../src/wire/wire.ts';
import { NO_LIMITS } from './prober.ts';

export type TestProbeOptions = {
  egress?: Partial<EgressSettings>;
  dnsResolvers?: readonly string[];
  extraCaPem?: string | null;
  timeoutMs?: number;
  budgets?: Partial<BodyBudgets>;
};

/** The plan holds what is asked otherwise than by default. */
export type TestProbe = (url: string, timeoutMs?: number, plan?: Partial<ProbePlan>) => Promise<Observation>;

export function createTestProbe(options: TestProbeOptions = {}): TestProbe {
  const wire = createWire({
    egress: { allow: [], allowPrivate: true, ownListeners: [], ...options.egress },
    dnsResolvers: options.dnsResolvers ?? [],
    extraCaPem: options.extraCaPem ?? null,
    userAgent: 'jetmon-test',
    limits: NO_LIMITS,
    bindSource: null,
    clock: systemClock,
  });
  const visit = createVisitor({
    exchange: wire.exchange,
    pauses: () => NO_PAUSES,
    clock: systemClock,
    budgets: { ...DEFAULT_BUDGETS, ...options.budgets },
  });
  const run = createJobRunner({ visit, checks: CHECKS, clock: systemClock, plan: DEFAULT_PLAN });
  return (url, timeoutMs = options.timeoutMs ?? 10_000, plan = {}) =>
    new Promise((resolve, reject) => {
      run({ id: 1, url, timeoutMs, plan: { ...DEFAULT_PLAN, ...plan }, evidence: 'always' }, 0, (outcome) => {
        if (outcome.kind === 'observed') resolve(outcome.observation);
        else reject(new Error(`the probe came to ${outcome.kind}`));
      });
    });
}

/** The verdict of one check; fails the test when it said nothing. */
export function verdictOn(observation: Observation, check: string): Verdict {
  const verdict = observation.verdicts.find((one) => one.check === check);
  if (verdict === undefined) throw new Error(`the check "${check}" said nothing`);
  return verdict;
}
