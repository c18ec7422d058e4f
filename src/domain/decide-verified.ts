/**
 * The decision on an answer of the verifiers, pure. Only their quorum makes an outage Down, only their quorum calls one a
 * false alarm, and silence is neither (reliability.md D10, section 3.4).
 */
import type { DecisionPolicy } from './decision-policy.ts';
import { withStart } from './flapping.ts';
import {
  type Decided,
  type Decision,
  type Failing,
  isFailing,
  type Known,
  type NextLook,
  type OpenIncident,
  stay,
} from './incident.ts';
import { isWithin } from './maintenance.ts';
import { severityOf } from './state.ts';
import { swallow } from './swallow.ts';
import type { Verification } from './verification.ts';

export type Answer = {
  verification: Verification;
  /** The run that was asked about, as `NextLook` named it. */
  sinceMs: number;
};

/** An answer that comes when its failure is over, or was confirmed meanwhile, changes nothing. */
export function decideVerified(known: Known, answer: Answer, nowMs: number, policy: DecisionPolicy): Decision {
  const { open, maintenance } = known;
  const run = open !== null && isFailing(open) ? open.failing : known.suspicion;
  const isOfThis = run !== null && run.sinceMs === answer.sinceMs && run.attempts >= policy.attemptsToConfirm;
  if (!isOfThis || open?.state === 'Down') return stay(known, AS_PLANNED);
  if (maintenance !== null && isWithin(maintenance, nowMs))
    return swallow(known, maintenance, nowMs, policy.intervalMs);
  switch (answer.verification.outcome) {
    case 'confirmed':
      return confirmed(known, run, nowMs, policy);
    case 'refuted':
      return refuted(known, nowMs);
    case 'regional':
      return regional(known, run, answer.verification.downRegions, nowMs, policy);
    case 'no_verdict':
      return unverified(known, run, nowMs, policy);
  }
}

const AS_PLANNED: NextLook = Object.freeze({ why: 'as_planned' });

/** What was confirmed quietly begins here: it opens as what it is. */
function confirmed(known: Known, run: Failing, nowMs: number, policy: DecisionPolicy): Decision {
  const { open } = known;
  const now = begun(known, run, policy);
  const mutation: Decided =
    open === null
      ? { op: 'open', state: 'Down', startedAtMs: run.sinceMs, reason: 'opened' }
      : { op: 'promote', state: 'Down', reason: 'verifier_confirmed', ...sinceOf(open, run) };
  const next: NextLook = { why: 'recovery', atMs: lookAtMs(nowMs, policy) };
  const recent = { ...now.recent, falseAlarmAtMs: null, verifiedAtMs: null };
  return { ...stay(now, next), mutations: [mutation], failing: run, recent };
}

function refuted(known: Known, nowMs: number): Decision {
  const { open } = known;
  const isOpen = open !== null && isFailing(open);
  return {
    ...stay(known, { why: 'interval' }),
    mutations: isOpen ? [{ op: 'close', reason: 'false_alarm' }] : [],
    failing: null,
    suspicion: null,
    recent: { ...known.recent, falseAlarmAtMs: nowMs, verifiedAtMs: null },
  };
}

/** It is served to some: Degraded, with the failure kept, so that it is asked about until they agree. */
function regional(known: Known, run: Failing, regions: readonly string[], nowMs: number, policy: DecisionPolicy) {
  const { open } = known;
  const facts = { verification: 'regional', down_regions: listed(regions) };
  const mutations: Decided[] = [];
  if (open === null) {
    mutations.push({ op: 'open', state: 'Degraded', startedAtMs: run.sinceMs, reason: 'opened', facts });
  } else if (open.state !== 'Degraded') {
    const fell = severityIn(open) > severityOf('Degraded');
    const reason = fell ? 'severity_deescalation' : 'severity_escalation';
    mutations.push({ op: 'promote', state: 'Degraded', reason, facts, ...sinceOf(open, run) });
  }
  return { ...askedAgain(begun(known, run, policy), run, nowMs, policy), mutations, failing: run };
}

/**
 * Nobody could tell. The failure stays what it is, and after a while the policy may want people to hear of it: by its
 * severity, never as Down.
 */
function unverified(known: Known, run: Failing, nowMs: number, policy: DecisionPolicy): Decision {
  const { open } = known;
  const { afterMs, policy: wanted } = policy.unverified;
  const isOverdue = wanted === 'page' && believedForMs(known, run, nowMs) >= afterMs;
  // A regional failure was verified, and one whose severity was raised is raised no further.
  const isHeard = open !== null && isFailing(open) && (open.state !== 'Seems Down' || isPaged(open));
  if (!isOverdue || isHeard) return askedAgain(known, run, nowMs, policy);
  const mutations: Decided[] = [];
  if (open === null) mutations.push({ op: 'open', state: 'Seems Down', startedAtMs: run.sinceMs, reason: 'opened' });
  else if (!isFailing(open))
    mutations.push({ op: 'promote', state: 'Seems Down', reason: 'severity_escalation', ...sinceOf(open, run) });
  mutations.push({ op: 'set_severity', severity: severityOf('Down'), reason: 'verification_overdue' });
  return { ...askedAgain(begun(known, run, policy), run, nowMs, policy), mutations, failing: run };
}

/** A failure that was confirmed over something milder began before it is told: its time counts from then on. */
function sinceOf(open: OpenIncident, { sinceMs }: Failing): { beganAtMs?: number } {
  return isFailing(open) ? {} : { beganAtMs: sinceMs };
}

/** What fails while the trouble may be our own is no reason to wake anybody: the time counts from when that is over. */
function believedForMs({ recent, suspicion }: Known, { sinceMs }: Failing, nowMs: number): number {
  const believedSinceMs = recent.believedSinceMs === undefined ? sinceMs : recent.believedSinceMs;
  if (believedSinceMs === null || suspicion?.quiet === 'mass_failure' || suspicion?.quiet === 'unresolved')
    return Number.NEGATIVE_INFINITY;
  return nowMs - Math.max(sinceMs, believedSinceMs);
}

function isPaged(open: OpenIncident): boolean {
  return severityIn(open) >= severityOf('Down');
}

function severityIn({ severity, state }: OpenIncident): number {
  return severity ?? severityOf(state);
}

/** A suspicion that is told is one no longer. */
function begun(known: Known, run: Failing, policy: DecisionPolicy): Known {
  if (known.suspicion === null) return known;
  return { ...known, suspicion: null, recent: withStart(known.recent, run.sinceMs, policy) };
}

function askedAgain(known: Known, { sinceMs }: Failing, nowMs: number, policy: DecisionPolicy): Decision {
  const askAtMs = nowMs + policy.verifyAgainMs;
  const next: NextLook = { why: 'verify', askAtMs, lookAtMs: lookAtMs(nowMs, policy), sinceMs };
  return { ...stay(known, next), recent: { ...known.recent, verifiedAtMs: nowMs } };
}

function lookAtMs(nowMs: number, policy: DecisionPolicy): number {
  return nowMs + Math.min(policy.intervalMs, policy.recoveryProbeMs);
}

const MAX_LISTED_LENGTH = 200;

/** Names of regions come with the configuration; stored, they are bounded all the same. */
function listed(regions: readonly string[]): string {
  return regions.join(', ').slice(0, MAX_LISTED_LENGTH);
}
