/** From a visit to an observation: every check judges it, and what is worth reading is written down. */
import type { Observation, Verdict } from '../domain/verdict.ts';
import { type Check, type Found, verdictOf } from './check.ts';
import { evidenceOf, timingsOf } from './evidence.ts';
import { withoutSecrets } from './secrets.ts';
import { lastHop, type Visit } from './visit.ts';

export type EvidenceWanted = 'always' | 'unless_healthy';

/** What the checks made of a visit, before any of it is put into words. */
export type Judgement = {
  visit: Visit;
  /** When it was judged, wall clock, ms since the epoch. */
  nowMs: number;
  /** One per check that spoke. */
  spoken: Spoken[];
  isHealthy: boolean;
};
type Spoken = { check: Check; found: Found };

export function judge(visit: Visit, checks: readonly Check[], nowMs: number): Judgement {
  const spoken: Spoken[] = [];
  let isHealthy = true;
  for (const check of checks) {
    const found = check.judge(visit, nowMs);
    if (found === null) continue;
    spoken.push({ check, found });
    if (found.reason !== 'ok') isHealthy = false;
  }
  return { visit, nowMs, spoken, isHealthy };
}

export function observationOf({ visit, nowMs, spoken, isHealthy }: Judgement, wanted: EvidenceWanted): Observation {
  const hop = lastHop(visit);
  const observation: Observation = {
    startedAtMs: visit.startedAtMs,
    timings: timingsOf(hop, visit.totalMs, visit),
    httpCode: hop.reply?.status ?? null,
    address: hop.address,
    certificateExpiresAtMs: certificateExpiryOf(visit),
    verdicts: spoken.map(({ check, found }): Verdict => verdictOf(check, found)),
    evidence: isHealthy && wanted === 'unless_healthy' ? null : evidenceOf(visit, nowMs),
  };
  return withoutSecrets(observation, visit.plan);
}

/** End of the leaf's validity, ms since the epoch; null when none was shown. */
export function certificateExpiryOf(visit: Visit): number | null {
  const expiresAtMs = lastHop(visit).tls?.certificate?.notAfterMs ?? Number.NaN;
  return Number.isFinite(expiresAtMs) ? expiresAtMs : null;
}
