/** One probe from a test: the real wire and the real checks, without a thread between. */
import { CHECKS } from '../../src/checks/registry.ts';
import { createVisitor } from '../../src/checks/visit.ts';
import type { Observation, Verdict } from '../../src/domain/verdict.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createJobRunner } from '../../src/prober/run-job.ts';
import type { EgressSettings } from '../../src/wire/egress-guard.ts';
import { createWire } from '../../src/wire/wire.ts';

export type TestProbeOptions = {
  egress?: Partial<EgressSettings>;
  dnsResolvers?: readonly string[];
  extraCaPem?: string | null;
  timeoutMs?: number;
};

export type TestProbe = (url: string, timeoutMs?: number) => Promise<Observation>;

export function createTestProbe(options: TestProbeOptions = {}): TestProbe {
  const wire = createWire({
    egress: { allow: [], allowPrivate: true, ownListeners: [], ...options.egress },
    dnsResolvers: options.dnsResolvers ?? [],
    extraCaPem: options.extraCaPem ?? null,
    userAgent: 'jetmon-test',
    clock: systemClock,
  });
  const visit = createVisitor({ exchange: wire.exchange, pausedMs: () => 0, clock: systemClock });
  const run = createJobRunner({ visit, checks: CHECKS, clock: systemClock });
  return (url, timeoutMs = options.timeoutMs ?? 10_000) => run({ id: 1, url, timeoutMs, evidence: 'always' });
}

/** The verdict of one check; fails the test when it said nothing. */
export function verdictOn(observation: Observation, check: string): Verdict {
  const verdict = observation.verdicts.find((one) => one.check === check);
  if (verdict === undefined) throw new Error(`the check "${check}" said nothing`);
  return verdict;
}
