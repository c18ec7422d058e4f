/**
 * The decision on one look of ours, pure: what changes in the event log, what is to be remembered, and when to look
 * again (spec/01 sections 2 and 8, spec/03 sections 5.8, 7 and 8). No clock, no I/O. A retry is a later look with the
 * attempt count kept with the incident, so a restart continues where it stopped.
 */
import { quietBecause } from './dampening.ts';
import type { DecisionPolicy } from './decision-policy.ts';
import { isBraked, isFlapping, isWellForGood, wellSinceMs, withStart } from './flapping.ts';
import {
  type Decided,
  type Decision,
  type Failing,
  isFailing,
  type Known,
  type NextLook,
  type OpenIncident,
  type Quiet,
  stay,
} from './incident.ts';
import { isWithin } from './maintenance.ts';
import { nextRetry, retryOffsetMs } from './retries.ts';
import { severityOf } from './state.ts';
import { swallow } from './swallow.ts';
import type { Verdict } from './verdict.ts';

/**
 * Of one look, ms since the epoch: when it began, when it was over, and when it is decided. `isExtra`: somebody asked for
 * it, beside those that have their time; it tells how things are and confirms nothing.
 */
export type LookTimes = { seenAtMs: number; doneAtMs: number; nowMs: number; isExtra?: boolean };

/**
 * Nothing is seen or known later than now, whatever the clock did meanwhile. `doubt`: a reason beyond this verdict why a
 * failure is confirmed before anybody is told of it; null: none.
 */
export function decide(
  before: Known,
  verdict: Verdict,
  at: LookTimes,
  policy: DecisionPolicy,
  doubt: Quiet | null = null,
): Decision {
  const { nowMs } = at;
  const seenAtMs = Math.min(at.seenAtMs, nowMs);
  const doneAtMs = Math.min(Math.max(seenAtMs, at.doneAtMs), nowMs);
  const known = withoutLeftovers(before);
  switch (verdict.state) {
    case 'Unknown':
      return cannotTell(known, verdict.followUp ?? 'soon', nowMs, policy);
    case 'Up':
      return known.open === null ? healthy(known) : recovered(known, known.open, seenAtMs, nowMs, policy);
    case 'Warning':
    case 'Degraded':
      return advisory(known, verdict.state, seenAtMs, nowMs, policy);
    case 'Seems Down': {
      const { maintenance } = known;
      const isSwallowed = isWithin(maintenance, seenAtMs) || isWithin(maintenance, nowMs);
      // What our resolver did not find out is a word of ours to nobody but verifiers, and ends or changes nothing.
      const isNoWord = policy.verifiers === 'none' || known.open?.state === 'Down' || isSwallowed;
      if (doubt === 'unresolved' && isNoWord) return cannotTell(known, 'soon', nowMs, policy);
      if (maintenance !== null && isSwallowed) return swallow(known, maintenance, nowMs, policy.intervalMs);
      return failed(known, verdict, { ...at, seenAtMs, doneAtMs }, policy, doubt);
    }
  }
}

const INTERVAL: NextLook = Object.freeze({ why: 'interval' });

/** What was remembered of an event is void once somebody else has closed it. */
function withoutLeftovers(known: Known): Known {
  const { open, suspicion, recent } = known;
  if (open !== null || (recent.braked === null && (recent.verifiedAtMs === null || suspicion !== null))) return known;
  return {
    ...known,
    recent: { ...recent, braked: null, verifiedAtMs: suspicion === null ? null : recent.verifiedAtMs },
  };
}

/** Without a verdict nothing that fails stays longer than this, though asking may be the trouble. */
const MOST_UNTOLD_FAILING_MS = 60_000;
/** Nor anything else, where asking sooner may tell something. */
const MOST_UNTOLD_MS = 5 * 60_000;

/**
 * Trouble of our own proves nothing: the log stays as it is, and we look again soon. Soon is a share of the interval,
 * so that trouble of a whole fleet does not become load on top of it; but what fails is looked at for its recovery, and
 * what is being confirmed is confirmed, as though that look had not been.
 */
function cannotTell(known: Known, followUp: 'soon' | 'interval', nowMs: number, policy: DecisionPolicy): Decision {
  const { intervalMs, recoveryProbeMs, attemptsToConfirm } = policy;
  const within = (waitMs: number): NextLook => ({ why: 'unknown', atMs: nowMs + Math.min(intervalMs, waitMs) });
  const { open, suspicion, recent } = known;
  const isFailure = open !== null && isFailing(open);
  const isTrouble = isFailure || suspicion !== null || recent.braked !== null;
  if (followUp === 'interval') {
    const waitMs = Math.max(recoveryProbeMs, MOST_UNTOLD_FAILING_MS);
    return stay(known, isTrouble && waitMs < intervalMs ? within(waitMs) : INTERVAL);
  }
  if (!isTrouble) return stay(known, within(Math.max(recoveryProbeMs, Math.min(intervalMs / 4, MOST_UNTOLD_MS))));
  const run = isFailure ? open.failing : suspicion;
  const isConfirming = open?.state !== 'Down' && run !== null && run.attempts < attemptsToConfirm;
  const lastRetryMs = retryOffsetMs(Math.max(2, attemptsToConfirm), policy);
  return stay(known, within(isConfirming ? Math.min(recoveryProbeMs, lastRetryMs) : recoveryProbeMs));
}

/** A suspicion that was not confirmed is forgotten; the log never knew of it. */
function healthy(known: Known): Decision {
  return { ...stay(known, INTERVAL), suspicion: null, recent: { ...known.recent, verifiedAtMs: null } };
}

function recovered(
  known: Known,
  open: OpenIncident,
  seenAtMs: number,
  nowMs: number,
  policy: DecisionPolicy,
): Decision {
  const recent = { ...known.recent, braked: null, verifiedAtMs: null };
  const well = { ...stay(known, INTERVAL), failing: null, suspicion: null, recent };
  if (isFailing(open)) {
    if (isFlapping(recent, nowMs, policy)) return stepDown(known, open, seenAtMs, nowMs, policy);
    const reason = open.state === 'Down' ? 'verifier_cleared' : 'probe_cleared';
    return { ...well, mutations: [{ op: 'close', reason }], recent: { ...recent, recoveredAtMs: nowMs } };
  }
  if (isBraked(open, known.recent)) {
    const sinceMs = wellSinceMs(known.recent, seenAtMs, nowMs);
    if (!isWellForGood(sinceMs, nowMs, policy)) return brake(known, sinceMs, nowMs, policy);
    recent.recoveredAtMs = nowMs;
  }
  return { ...well, mutations: [{ op: 'close', reason: 'probe_cleared' }] };
}

/** It is well, and was so before, several times: the event stays open until it is well for good. */
function stepDown(known: Known, open: OpenIncident, seenAtMs: number, nowMs: number, policy: DecisionPolicy): Decision {
  const mutations: Decided[] = [];
  if (open.state !== 'Degraded') {
    const facts = { flapping: `began to fail ${known.recent.startsMs.length} times lately` };
    mutations.push({ op: 'promote', state: 'Degraded', reason: 'severity_deescalation', facts });
  }
  return { ...brake(known, seenAtMs, nowMs, policy), mutations };
}

function brake(known: Known, sinceMs: number, nowMs: number, policy: DecisionPolicy): Decision {
  const recent = { ...known.recent, braked: { wellSinceMs: sinceMs }, verifiedAtMs: null };
  return { ...stay(known, lookForRecovery(nowMs, policy)), failing: null, suspicion: null, recent };
}

/** Advisories need no confirmation and keep the normal cadence; a failure that turned into one is stepped down. */
function advisory(
  known: Known,
  state: 'Warning' | 'Degraded',
  seenAtMs: number,
  nowMs: number,
  policy: DecisionPolicy,
): Decision {
  const { open } = known;
  const decision = (mutations: Decided[], recoveredAtMs = known.recent.recoveredAtMs): Decision => ({
    ...stay(known, INTERVAL),
    mutations,
    failing: null,
    suspicion: null,
    recent: { ...known.recent, recoveredAtMs, braked: null, verifiedAtMs: null },
  });
  if (open === null) return decision([{ op: 'open', state, startedAtMs: seenAtMs, reason: 'opened' }]);
  if (isBraked(open, known.recent)) {
    const sinceMs = wellSinceMs(known.recent, seenAtMs, nowMs);
    if (!isWellForGood(sinceMs, nowMs, policy)) return brake(known, sinceMs, nowMs, policy);
  }
  const recoveredAtMs = isFailing(open) ? nowMs : known.recent.recoveredAtMs;
  const before = open.severity ?? severityOf(open.state);
  if (open.state === state && before === severityOf(state)) return decision([], recoveredAtMs);
  const reason = severityOf(state) > before ? 'severity_escalation' : 'severity_deescalation';
  return decision([{ op: 'promote', state, reason }], recoveredAtMs);
}

function failed(
  known: Known,
  { shape }: Verdict,
  at: LookTimes,
  policy: DecisionPolicy,
  doubt: Quiet | null,
): Decision {
  const { open, recent } = known;
  const { nowMs } = at;
  if (open?.state === 'Down') return { ...stay(known, lookForRecovery(nowMs, policy)), suspicion: null };
  const isOpen = open !== null && isFailing(open);
  const suspicion = isStillSuspected(known.suspicion, shape, doubt, policy) ? known.suspicion : null;
  const run = counted(isOpen ? open.failing : suspicion, at, policy);
  const quiet = isOpen ? null : (doubt ?? quietBecause(shape, recent, nowMs, policy));
  if (quiet !== null) return suspected(known, run, quiet, nowMs, policy);
  return told({ ...known, suspicion: null }, run, nowMs, policy);
}

/** What our resolver did not find out is no attempt at anything else, nor any where nobody else is asked. */
function isStillSuspected(
  suspicion: Known['suspicion'],
  shape: Verdict['shape'],
  doubt: Quiet | null,
  { verifiers }: DecisionPolicy,
): boolean {
  return suspicion?.quiet !== 'unresolved' || doubt === 'unresolved' || (shape === 'name' && verifiers !== 'none');
}

/**
 * One more failed attempt, if it is a retry: one that had its time, and began when the first failure was known. Beyond what
 * it takes there is nothing to count, nor to write.
 */
function counted(run: Failing | null, at: LookTimes, { attemptsToConfirm }: DecisionPolicy): Failing {
  const { seenAtMs, doneAtMs, nowMs, isExtra = false } = at;
  if (run === null) return { sinceMs: seenAtMs, attempts: 1, knownMs: doneAtMs };
  const firstKnownMs = run.knownMs ?? run.sinceMs;
  // What lies ahead was noted before the clock was set back: retries would wait for that time.
  const isAhead = firstKnownMs > nowMs;
  const sinceMs = Math.min(run.sinceMs, nowMs);
  const knownMs = Math.min(firstKnownMs, nowMs);
  const isRetry = !isExtra && (isAhead || seenAtMs >= knownMs);
  const attempts = isRetry && run.attempts < attemptsToConfirm ? run.attempts + 1 : run.attempts;
  return { sinceMs, attempts, knownMs };
}

/** Counted and confirmed like any other failure, and told only then. */
function suspected(known: Known, run: Failing, quiet: Quiet, nowMs: number, policy: DecisionPolicy): Decision {
  const recent = {
    ...known.recent,
    falseAlarmAtMs: quiet === 'after_false_alarm' ? nowMs : known.recent.falseAlarmAtMs,
    braked: known.recent.braked === null ? null : { wellSinceMs: null },
  };
  const now: Known = { ...known, recent, suspicion: { ...run, quiet } };
  if (run.attempts < policy.attemptsToConfirm) return { ...stay(now, retry(run, nowMs, policy)), quiet };
  if (policy.verifiers === 'configured') return { ...stay(now, askVerifiers(now, run, nowMs, policy)), quiet };
  return told({ ...now, suspicion: null }, run, nowMs, policy);
}

/** Opens what is not open yet, and confirms it as soon as that can be done. */
function told(known: Known, run: Failing, nowMs: number, policy: DecisionPolicy): Decision {
  const { open } = known;
  const begins = open === null || !isFailing(open);
  const now: Known = begins ? { ...known, recent: withStart(known.recent, run.sinceMs, policy) } : known;
  const mutations = begins ? [beginning(open, run)] : [];
  const decision = { mutations, failing: run };
  if (run.attempts < policy.attemptsToConfirm) return { ...stay(now, retry(run, nowMs, policy)), ...decision };
  if (policy.verifiers === 'configured') return { ...stay(now, askVerifiers(now, run, nowMs, policy)), ...decision };
  mutations.push({ op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' });
  const recent = { ...now.recent, falseAlarmAtMs: null, verifiedAtMs: null };
  return { ...stay(now, lookForRecovery(nowMs, policy)), ...decision, recent };
}

function beginning(open: OpenIncident | null, run: Failing): Decided {
  if (open === null) return { op: 'open', state: 'Seems Down', startedAtMs: run.sinceMs, reason: 'opened' };
  return { op: 'promote', state: 'Seems Down', reason: 'severity_escalation', beganAtMs: run.sinceMs };
}

function lookForRecovery(nowMs: number, policy: DecisionPolicy): NextLook {
  return { why: 'recovery', atMs: nowMs + Math.min(policy.intervalMs, policy.recoveryProbeMs) };
}

function retry(run: Failing, nowMs: number, policy: DecisionPolicy): NextLook {
  const { atMs, timeoutMs } = nextRetry(run, nowMs, policy);
  return { why: 'retry', atMs, timeoutMs };
}

/** Now, or when enough time has passed since they last had no answer for us. */
function askVerifiers({ recent }: Known, { sinceMs }: Failing, nowMs: number, policy: DecisionPolicy): NextLook {
  const { verifiedAtMs } = recent;
  const askAtMs = verifiedAtMs === null ? nowMs : Math.max(nowMs, Math.min(verifiedAtMs, nowMs) + policy.verifyAgainMs);
  return { why: 'verify', askAtMs, lookAtMs: nowMs + Math.min(policy.intervalMs, policy.recoveryProbeMs), sinceMs };
}
