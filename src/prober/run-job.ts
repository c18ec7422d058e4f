/** One job in a prober thread: visit, judge, observe. A throw is our own failure and becomes Unknown. */
import { http } from '../checks/application/http.ts';
import { type Check, verdictOf } from '../checks/check.ts';
import { observe } from '../checks/observe.ts';
import type { Visitor } from '../checks/visit.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProbeJob } from './prober.ts';

export type JobRunner = (job: ProbeJob) => Promise<Observation>;

export function createJobRunner(deps: { visit: Visitor; checks: readonly Check[]; clock: Clock }): JobRunner {
  return async (job) => {
    try {
      const visit = await deps.visit(job.url, job.timeoutMs);
      return observe(visit, deps.checks, deps.clock.nowMs(), job.evidence);
    } catch (error) {
      return proberFailed(job.url, deps.clock.nowMs(), error);
    }
  };
}

/** The observation of a probe that we, not the site, broke. */
export function proberFailed(url: string, nowMs: number, error: unknown): Observation {
  const code = error instanceof Error ? error.name : 'UNKNOWN';
  const detail = error instanceof Error ? (error.stack ?? error.message).slice(0, 500) : String(error).slice(0, 500);
  return {
    startedAtMs: nowMs,
    timings: { total: 0 },
    httpCode: null,
    address: null,
    certificateExpiresAtMs: null,
    verdicts: [verdictOf(http, { reason: 'prober_failed', details: { code } })],
    evidence: {
      url,
      method: 'GET',
      hops: [],
      http_code: null,
      error: { phase: 'prober', code, detail },
      certificate: null,
      body: null,
    },
  };
}
