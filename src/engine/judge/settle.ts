/**
 * What follows from a look that was not plainly healthy: the gate asks whether the trouble may be ours, each verdict is
 * decided, what changes is written, and others are asked where our word is not enough.
 */

import { decide } from '../../domain/decide.ts';
import { inDoubt } from '../../domain/doubt.ts';
import { withoutStart } from '../../domain/flapping.ts';
import type { Judgement, Proof } from '../../domain/gate.ts';
import { type Decision, isFailing, type Known, type Quiet } from '../../domain/incident.ts';
import { isAnswered } from '../../domain/state.ts';
import { clearedBySilence, countedVerdict, type Observation, type Verdict } from '../../domain/verdict.ts';
import type { History } from '../../store/history/history.ts';
import type { RuntimeStore } from '../../store/runtime.ts';
import type { Gate } from '../gate/gate.ts';
import type { OwnFailures } from '../gate/own-failures.ts';
import type { LinkCause } from './append-decision.ts';
import { type AskingParts, createAsking } from './asking.ts';
import { failureOf, knownOf, remember } from './memory.ts';
import { asFailed, isForOthers } from './others-can-tell.ts';
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
  /** `seenMonoMs`: when its result came in, on the monotonic clock. `isExtra`: see `LookTimes`. */
  look(target: Target, observation: Observation, seenMonoMs: number, isExtra: boolean): Promise<Settled>;
  /** Takes back what was said on evidence that came into doubt and nobody else confirmed; resolves with the wait alone. */
  withdraw(target: Target, because: string): Promise<number | null>;
  /** Others are to be asked now than before. */
  askAgain(target: Target): void;
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
    { observation, doubt, proof, isDoubted }: Judged,
    verdict: Verdict,
    { speaks, isExtra }: { speaks: boolean; isExtra: boolean },
  ): Promise<number | null> {
    const { check } = verdict;
    const nowMs = clock.nowMs();
    const seenAtMs = observation.startedAtMs;
    const at = { seenAtMs, doneAtMs: seenAtMs + (observation.timings.total ?? 0), nowMs, isExtra };
    const known = isDoubted === null ? knownOf(target, check) : inDoubt(knownOf(target, check), isDoubted, nowMs);
    const decision = decide(known, verdict, at, policyOf(target, parts.policy()), doubt);
    const kept = await append({ target, observation, verdict, decision, nowMs, speaks, proof });
    if (!kept) return NEXT_ROUND;
    remember(target, check, decision, verdict.state === 'Seems Down' ? { observation, verdict } : null);
    if (verdict.state === 'Seems Down') counts.decided(known, decision, observation);
    heldBack.decided(target, check, known, decision);
    if (isAnswered(verdict.state) && isDampened(known.suspicion))
      heldBack.withdrawn(target, check, known, 'probe_cleared');
    if (decision.next.why === 'verify' && !target.retired) asking.consider(target, check, decision.next);
    return waitOf(decision.next, nowMs);
  }

  async function look(target: Target, seen: Observation, seenMonoMs: number, isExtra: boolean): Promise<Settled> {
    const suspect = parts.policy().verifiers === 'none' ? undefined : seen.verdicts.find(isForOthers);
    const judged =
      suspect === undefined
        ? await judge(parts.gate, target, seen, seenMonoMs)
        : leftToOthers(seen, suspect, await judge(parts.gate, target, asFailed(seen), seenMonoMs));
    const { counted: observation, held } = judged;
    if (target.retired) return { waitMs: null, observation };
    const decidedMs = clock.monotonicMs();
    const { verdicts } = judged.observation;
    const worst = held ?? countedVerdict(verdicts);
    record(target, observation, worst);
    if (worst.state === 'Seems Down') counts.failed(observation);
    else if (isAnswered(worst.state)) counts.remarked(observation);
    // As it was seen: that the gate holds a failure back is told by itself.
    const { state, reason } = countedVerdict(seen.verdicts);
    parts.ownFailures.saw(target.endpointId, isAnswered(state) ? null : { reason, url: target.url });
    let waitMs = NEXT_ROUND;
    for (const verdict of [...verdicts, ...clearedBySilence(target.incidents.keys(), verdicts)]) {
      const thisMs = await settleVerdict(target, judged, verdict, { speaks: verdict === worst, isExtra });
      if (target.retired) {
        parts.onLateWrite(target);
        return { waitMs: null, observation };
      }
      waitMs = Math.min(waitMs, thisMs ?? NEXT_ROUND);
    }
    // Last, because the event that explains it may have been opened by this very look.
    for (const verdict of verdicts) {
      if (verdict.state === 'Seems Down') await parts.linkCause(target, judged.observation, verdict);
    }
    if (worst.state === 'Up') target.usualMs = seen.timings.total ?? target.usualMs;
    return { waitMs: waitMs - (clock.monotonicMs() - decidedMs), observation };
  }

  /**
   * What others confirmed stands, and so does what our own looks confirmed while others were reached. When everybody seems to
   * fail at once, what our own looks confirmed a moment ago is no better than what they suspected.
   */
  async function withdraw(target: Target, because: string): Promise<number | null> {
    const isDownDoubted = because === 'mass_failure' && parts.policy().verifiers === 'none';
    for (const check of new Set([...target.incidents.keys(), ...target.memory.keys()])) {
      const known = knownOf(target, check);
      const failure = failureOf(target, check);
      const state = known.open?.state;
      const isDoubted = state === 'Seems Down' || (state === 'Down' && isDownDoubted);
      if (failure === null || (!isDoubted && known.suspicion === null)) continue;
      asking.withdraw(target, check);
      const decision = takenBack(known, isDoubted);
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

  return { look, withdraw, askAgain: asking.askAgain, questions: asking.open };
}

/** Weak evidence that was kept to ourselves; what the gate holds back is told as trouble of ours. */
function isDampened(suspicion: Known['suspicion']): boolean {
  return suspicion !== null && suspicion.quiet !== 'mass_failure' && suspicion.quiet !== 'unresolved';
}

/** A false alarm: its time counts as unknown. */
function takenBack(
  { open, recent }: Known,
  isDoubted: boolean,
): Pick<Decision, 'mutations' | 'failing' | 'suspicion' | 'recent'> {
  const mutations = isDoubted ? [{ op: 'close' as const, reason: 'false_alarm' as const }] : [];
  return { mutations, failing: null, suspicion: null, recent: withoutStart(recent, open) };
}

type Judged = {
  /** As it is decided. */
  observation: Observation;
  /** As it is counted: a failure that is left to others is none of ours. */
  counted: Observation;
  /** Stands for the failure in what is counted; null: it counts as what it is. */
  held: Verdict | null;
  /** Why a failure is confirmed before anybody is told of it, whatever its shape; null: no doubt. */
  doubt: Quiet | null;
  /** What showed that our network worked; null: nothing had to. */
  proof: Proof | null;
  /** Whether the gate took the failure for trouble of ours; null: it was not asked. */
  isDoubted: boolean | null;
};

function notJudged(observation: Observation): Judged {
  return { observation, counted: observation, held: null, doubt: null, proof: null, isDoubted: null };
}

/** What is Down already needs no judgement: nothing depends on it. */
async function judge(
  gate: Pick<Gate, 'judge'>,
  target: Target,
  observation: Observation,
  seenMonoMs: number,
): Promise<Judged> {
  const failed = observation.verdicts.find(({ state }) => state === 'Seems Down');
  if (failed === undefined) return notJudged(observation);
  const { open, suspicion } = knownOf(target, failed.check);
  if (open?.state === 'Down') return notJudged(observation);
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
  if (judgement.kind === 'believe') {
    return { ...notJudged(observation), proof: judgement.references, isDoubted: false };
  }
  const held = heldBy(judgement, failed);
  const counted = { ...observation, verdicts: observation.verdicts.map((verdict) => unlessFailed(verdict, held)) };
  const isLeftToOthers = judgement.kind === 'ask_verifiers_only';
  return {
    observation: isLeftToOthers ? observation : counted,
    counted,
    held,
    doubt: isLeftToOthers ? 'mass_failure' : null,
    proof: null,
    isDoubted: true,
  };
}

function heldBy({ reason, summary }: Exclude<Judgement, { kind: 'believe' }>, { check }: Verdict): Verdict {
  return { check, state: 'Unknown', reason, summary };
}

function unlessFailed(verdict: Verdict, held: Verdict): Verdict {
  return verdict.state === 'Seems Down' ? { ...held, check: verdict.check } : verdict;
}

/**
 * Our resolver answers for others and not for this name: a suspicion that nobody but others can confirm, and no
 * observation of ours. What the gate has no proof for stays what it was.
 */
function leftToOthers(seen: Observation, suspect: Verdict, { observation, proof, isDoubted }: Judged): Judged {
  if (isDoubted !== false || proof === 'too_few') return notJudged(seen);
  return { observation, counted: seen, held: suspect, doubt: 'unresolved', proof: null, isDoubted: true };
}
