/** Builds the prober that a configuration asks for. */
import { availableParallelism } from 'node:os';
import { type BodyBudgets, DEFAULT_BUDGETS, DEFAULT_PLAN, type ProbePlan } from '../domain/probe-plan.ts';
import { systemClock } from '../lib/clock.ts';
import { createProberPool } from '../prober/pool.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { EgressSettings } from '../wire/egress-guard.ts';
import type { Config } from './config.ts';

/** How we introduce ourselves to sites (spec/03 section 5.2). */
const USER_AGENT = 'jetmon/2.0 (Jetpack Site Uptime Monitor by WordPress.com)';

export function createProber(
  config: Config,
  options: {
    egress: EgressSettings;
    onResults(results: ProbeResult[]): void;
    onThreadDeath(error: Error): void;
  },
): Prober {
  return createProberPool({
    settings: {
      egress: options.egress,
      dnsResolvers: config.CHECK_DNS_RESOLVERS,
      extraCaPem: config.extraCaPem,
      userAgent: USER_AGENT,
      plan: defaultPlan(config),
      budgets: bodyBudgets(config),
      limits: { perHost: config.PROBES_PER_HOST, perNetwork: config.PROBES_PER_NETWORK },
      bindSource: config.BIND_SOURCE ?? null,
    },
    maxThreads: maxThreads(config),
    clock: systemClock,
    onResults: options.onResults,
    onThreadDeath: options.onThreadDeath,
  });
}

/** Never more than cores: threads that share one would only make each other's timings late. */
export function maxThreads({ NUM_WORKERS }: Pick<Config, 'NUM_WORKERS'>): number {
  const cores = availableParallelism();
  return NUM_WORKERS === 0 ? cores : Math.min(NUM_WORKERS, cores);
}

/** How endpoints are probed that want nothing else. */
export function defaultPlan(config: Pick<Config, 'DEFAULT_CHECK_METHOD' | 'DEFAULT_DETECTION_PROFILE'>): ProbePlan {
  return { ...DEFAULT_PLAN, method: config.DEFAULT_CHECK_METHOD, profile: config.DEFAULT_DETECTION_PROFILE };
}

/** 0 stands for the default (spec/03 section 5.6); for the time of a search that is the deadline of the check. */
export function bodyBudgets(
  config: Pick<Config, 'BODY_READ_MAX_BYTES' | 'BODY_READ_MAX_MS' | 'KEYWORD_READ_MAX_BYTES' | 'KEYWORD_READ_MAX_MS'>,
): BodyBudgets {
  return {
    bodyMaxBytes: config.BODY_READ_MAX_BYTES || DEFAULT_BUDGETS.bodyMaxBytes,
    bodyMaxMs: config.BODY_READ_MAX_MS || DEFAULT_BUDGETS.bodyMaxMs,
    keywordMaxBytes: config.KEYWORD_READ_MAX_BYTES || DEFAULT_BUDGETS.keywordMaxBytes,
    keywordMaxMs: config.KEYWORD_READ_MAX_MS,
  };
}
