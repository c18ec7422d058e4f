/** What is stored with a change to an event: why, what was seen, and the proof. Keys follow spec/03 section 6. */
import { CHECKS } from '../checks/registry.ts';
import type { Decision } from '../domain/incident.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { Target } from './target.ts';

export function metadataFor(target: Target, observation: Observation, verdict: Verdict, decision: Decision) {
  const confirmed = decision.mutations.find(
    (mutation) => mutation.op === 'promote' && mutation.verification !== undefined,
  );
  return {
    reason: verdict.reason,
    summary: verdict.summary,
    advice: adviceFor(verdict),
    url: target.url,
    http_code: observation.httpCode,
    rtt_ms: Math.round(observation.timings.total),
    ...(confirmed?.op === 'promote' ? { verification: confirmed.verification } : {}),
    ...(decision.failing === null ? {} : { attempts: decision.failing.attempts }),
    observation: {
      checked_at: instant(observation.startedAtMs),
      ...(decision.failing === null ? {} : { first_failed_at: instant(decision.failing.sinceMs) }),
      normal_check_interval_seconds: target.intervalMs / 1000,
    },
    ...(observation.evidence === null ? {} : { evidence: observation.evidence }),
  };
}

function adviceFor(verdict: Verdict): string {
  return CHECKS.find((check) => check.type === verdict.check)?.findings[verdict.reason]?.advice ?? '';
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
