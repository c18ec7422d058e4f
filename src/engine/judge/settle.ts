/**
 * What follows from a look that was not plainly healthy: the gate asks whether the trouble may be ours, each verdict is
 * decided, what changes is written, and others are asked where our word is not enough.
 */

import { decide } from '../../domain/decide.ts';
import type { Proof } from '../../domain/gate.ts';
import { type Decision, isFailing, type Known, type Quiet } from '../../domain/incident.ts';
import { isAnswered } from '../../domain/state.ts';
import { clearedBySilence, type Observation, type Verdict, worstVerdict } from '../../domain/verdict.ts';
import type { History } from '../../store/history/history.ts';
import type { RuntimeStore } from '../../store/runtime.ts';
import type { Gate } from '../gate/gate.ts';
import type { OwnFailures } from '../gate/own-failures.ts';
import type { LinkCause } from './append-decision.ts';
import { type AskingParts, createAsking } from './asking.ts';
import { failureOf, knownOf, remember } from './memory.ts';
import { lookOf, NEXT_ROUND, policyOf, type Target, type Who, waitOf } from './target.ts';

export type SettleParts = AskingParts & {
  gate: Pick<Gate, 'judge'>;
  linkCause: LinkCause;
  runtime: Pick<RuntimeStore, 'record'>;
  history: Pick<History, 'add' | 'addBlind'>;
  ownFailures: OwnFailures;
  /** Told of every result, after it is recorded. */
  onResult(who: Who): void;
};

/** What became of a look. */
export type Settled = {
  /** Until the next look; null when the target was replaced meanwhile. */
  waitMs: number | null;
  /** What was seen, as the gate lets it count. */
  observation: Observation;
};

/** Both reject when something could not be written. One thing of a target at a time. */
export interface Settle {
  /** `seenMonoMs`: when its result came in, on the monotonic clock. */
  look(target: Target, observation: Observation, seenMonoMs: number): Promise<Settled>;
  /** Takes back what was said on evidence that came into doubt and nobody confirmed; resolves with the wait alone. */
  withdraw(target: Target, because: string): Promise<number | null>;
  /** Questions to others without an answer. */
  questions(): number;
}

export function createSettle(parts: SettleParts): Settle {
  const { append, runtime, history, counts, heldBack, clock } = parts;
  const asking = createAsking(parts);

  /** A look that failed is history with the decision it leads to; one that could not tell ends what was observed. */
  function record(target: Target, observation: Observation, worst: Verdict): void {
    runtime.record(target, observation, worst);
    const look = lookOf(target, observation);
    if (isAnswered(worst.state)) history.add(look);
    else if (worst.state === 'Unknown') history.addBlind(look);
    parts.onResult(target);
  }

  async function settleVerdict(
    target: Target,
    { observation, doubt, proof }: Judged,
    verdict: Verdict,
    speaks: boolean,
  ): Promise<number | null> {
    const { check } = verdict;
    const nowMs = clock.nowMs();
    const seenAtMs = observation.startedAtMs;
    const at = { seenAtMs, doneAtMs: seenAtMs + (observation.timings.total ?? 0), nowMs };
    const known = knownOf(target, check);
    const decision = decide(known, verdict, at, policyOf(target, parts.policy()), doubt);
    const kept = await append({ target, observation, verdict, decision, nowMs, speaks, proof });
    if (!kept) return NEXT_ROUND;
    remember(target, check, decision, verdict.state === 'Seems Down' ? { observation, verdict } : null);
    if (verdict.state === 'Seems Down') counts.decided(known, decision, observation);
    heldBack.decided(target, check, known, decision);
    if (decision.next.why === 'verify' && !target.retired) asking.consider(target, check, decision.next);
    return waitOf(decision.next, nowMs);
  }

  async function look(target: Target, seen: Observation, seenMonoMs: number): Promise<Settled> {
    const judged = await judge(parts.gate, target, seen, seenMonoMs);
    const { observation } = judged;
    if (target.retired) return { waitMs: null, observation };
    const decidedMs = clock.monotonicMs();
    const { verdicts } = observation;
    const worst = worstVerdict(verdicts);
    record(target, observation, worst);
    if (worst.state === 'Seems Down') counts.failed(observation);
    parts.ownFailures.saw(target.endpointId, worst.state === 'Unknown' ? worst.reason : null);
    let waitMs = NEXT_ROUND;
    for (const verdict of [...verdicts, ...clearedBySilence(target.incidents.keys(), verdicts)]) {
      const thisMs = await settleVerdict(target, judged, verdict, verdict === worst);
      if (target.retired) {
        parts.onLateWrite(target);
        return { waitMs: null, observation };
      }
      waitMs = Math.min(waitMs, thisMs ?? NEXT_ROUND);
    }
    // Last, because the event that explains it may have been opened by this very look.
    for (const verdict of verdicts) {
      if (verdict.state === 'Seems Down') await parts.linkCause(target, observation, verdict);
    }
    if (worst.state === 'Up') target.usualMs = seen.timings.total ?? target.usualMs;
    return { waitMs: waitMs - (clock.monotonicMs() - decidedMs), observation };
  }

  /** What is confirmed stands; what was seen meanwhile would have closed it. */
  async function withdraw(target: Target, because: string): Promise<number | null> {
    for (const check of new Set([...target.incidents.keys(), ...target.memory.keys()])) {
      const known = knownOf(target, check);
      const failure = failureOf(target, check);
      const isUnconfirmed = known.open?.state === 'Seems Down' || known.suspicion !== null;
      if (!isUnconfirmed || failure === null) continue;
      asking.withdraw(target, check);
      const decision = takenBack(known);
      const nowMs = clock.nowMs();
      await append({ target, ...failure, decision, nowMs, speaks: false, proof: null, withdrawn: because });
      if (target.retired) {
        parts.onLateWrite(target);
        return null;
      }
      remember(target, check, decision, null);
      heldBack.withdrawn(target, check, known, because);
    }
    return Math.min(target.intervalMs, parts.policy().recoveryProbeMs);
  }

  return { look, withdraw, questions: asking.open };
}

/** A false alarm: its time counts as unknown. */
function takenBack({ open, recent }: Known): Pick<Decision, 'mutations' | 'failing' | 'suspicion' | 'recent'> {
  const mutations = open?.state === 'Seems Down' ? [{ op: 'close' as const, reason: 'false_alarm' as const }] : [];
  return { mutations, failing: null, suspicion: null, recent };
}

type Judged = {
  observation: Observation;
  /** Why a failure is confirmed before anybody is told of it, whatever its shape; null: no doubt. */
  doubt: Quiet | null;
  /** What showed that our network worked; null: nothing had to. */
  proof: Proof | null;
};

/** What is Down already needs no judgement: nothing depends on it. */
async function judge(
  gate: Pick<Gate, 'judge'>,
  target: Target,
  observation: Observation,
  seenMonoMs: number,
): Promise<Judged> {
  const failed = observation.verdicts.find(({ state }) => state === 'Seems Down');
  if (failed === undefined) return { observation, doubt: null, proof: null };
  const { open, suspicion } = knownOf(target, failed.check);
  if (open?.state === 'Down') return { observation, doubt: null, proof: null };
  target.isJudged = true;
  const judgement = await gate.judge({
    endpointId: target.endpointId,
    siteId: target.siteId,
    address: observation.address,
    shape: failed.shape ?? 'answered',
    startedAtMonoMs: seenMonoMs - (observation.timings.total ?? 0),
    isOnset: (open === null || !isFailing(open)) && suspicion === null,
  });
  target.isJudged = false;
  switch (judgement.kind) {
    case 'believe':
      return { observation, doubt: null, proof: judgement.references };
    case 'ask_verifiers_only':
      return { observation, doubt: 'mass_failure', proof: null };
    case 'unknown': {
      const { reason, summary } = judgement;
      const verdicts = observation.verdicts.map(
        (verdict): Verdict =>
          verdict.state === 'Seems Down' ? { check: verdict.check, state: 'Unknown', reason, summary } : verdict,
      );
      return { observation: { ...observation, verdicts }, doubt: null, proof: null };
    }
  }
}
