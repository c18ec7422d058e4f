/** Asks others about a failure and decides on their answer, beside the looks that go on meanwhile. */

import { decideVerified } from '../../domain/decide-verified.ts';
import type { ServerPolicy } from '../../domain/decision-policy.ts';
import { isFailing, type NextLook } from '../../domain/incident.ts';
import type { Verification } from '../../domain/verification.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AppendDecision } from './append-decision.ts';
import type { Confirm } from './confirm.ts';
import type { DetectionCounts } from './detection-counts.ts';
import type { HeldBack } from './held-back.ts';
import { failureOf, knownOf, remember } from './memory.ts';
import { policyOf, type Target, waitOf } from './target.ts';

export interface Asking {
  /** Asks, unless a question of this target is out or it is too early. The next failed look leads here again. */
  consider(target: Target, check: string, next: Extract<NextLook, { why: 'verify' }>): void;
  /** Asks at once about what fails and waits to be asked about again, as there are others to be asked now. */
  askAgain(target: Target): void;
  /** Our own network came into doubt: the question about this check is taken back, and its answer changes nothing. */
  withdraw(target: Target, check: string): void;
  /** Questions without an answer. */
  open(): number;
}

export type AskingParts = {
  /** Who is asked where our word is not enough. */
  confirm: Confirm;
  append: AppendDecision;
  counts: DetectionCounts;
  heldBack: Pick<HeldBack, 'decided' | 'withdrawn'>;
  clock: Clock;
  policy(): ServerPolicy;
  /** Does something for a target when what is under way for it is done. */
  inTurn(target: Target, work: () => Promise<void>): void;
  /** The target is looked at again after this wait. */
  arm(target: Target, waitMs: number): void;
  /** A decision was written for a target that was replaced meanwhile: who took its place may not know of it. */
  onLateWrite(target: Target): void;
};

export function createAsking(parts: AskingParts): Asking {
  const { confirm, append, counts, heldBack, clock } = parts;
  const questions = new WeakMap<Target, Asked>();
  let open = 0;

  async function answered(target: Target, check: string, verification: Verification, sinceMs: number): Promise<void> {
    const failure = failureOf(target, check);
    if (target.retired || failure === null) return;
    const nowMs = clock.nowMs();
    const known = knownOf(target, check);
    const decision = decideVerified(known, { verification, sinceMs }, nowMs, policyOf(target, parts.policy()));
    // Of a failure that was left to them there is no failed look yet; one that is there already stays as it is.
    const speaks = verification.outcome === 'confirmed' && decision.mutations.length > 0;
    // What is said of a failure that is over is said of nothing.
    const isLate = decision.next.why === 'as_planned';
    const said = isLate ? {} : { verification };
    const kept = await append({ target, ...failure, decision, nowMs, speaks, proof: null, ...said });
    if (kept) {
      remember(target, check, decision, null);
      counts.verified(verification);
      heldBack.decided(target, check, known, decision);
      const isRefuted = verification.outcome === 'refuted' && !isLate && !decision.swallowed;
      if (isRefuted) heldBack.withdrawn(target, check, known, 'verifiers_refuted', verification);
    }
    if (target.retired) parts.onLateWrite(target);
    else if (decision.next.why !== 'as_planned') parts.arm(target, waitOf(decision.next, nowMs));
  }

  /** In the turn of the target. A question that was withdrawn is none, even when its answer waited for its turn already. */
  async function heard(target: Target, asked: Asked, answer: Promise<Verification>): Promise<void> {
    if (questions.get(target) !== asked) return;
    questions.delete(target);
    await answered(target, asked.check, await answer, asked.sinceMs);
  }

  function consider(target: Target, check: string, { askAtMs, sinceMs }: { askAtMs: number; sinceMs: number }): void {
    if (questions.has(target) || askAtMs > clock.nowMs()) return;
    const asked = { check, sinceMs, withdrawn: new AbortController() };
    questions.set(target, asked);
    open += 1;
    counts.asked(sinceMs, clock.nowMs());
    const { siteId, endpointId, url, timeoutMs, plan } = target;
    const mayHang = failureOf(target, check)?.verdict.shape === 'silent';
    const question = { siteId, endpointId, url, timeoutMs, plan, mayHang };
    const answer = confirm.ask(question, asked.withdrawn.signal, () => isStillFailing(target, asked));
    const done = () => {
      open -= 1;
      parts.inTurn(target, () => heard(target, asked, answer));
    };
    // What must not happen is told like a decision that could not be written.
    answer.then(done, done);
  }

  return {
    consider,
    askAgain(target) {
      for (const [check, { failure, recent }] of target.memory) {
        const { open, suspicion } = knownOf(target, check);
        const run = open !== null && isFailing(open) ? open.failing : suspicion;
        const isWaiting = recent.verifiedAtMs !== null && open?.state !== 'Down';
        if (failure !== null && run !== null && isWaiting)
          consider(target, check, { askAtMs: 0, sinceMs: run.sinceMs });
      }
    },
    withdraw(target, check) {
      const asked = questions.get(target);
      if (asked?.check !== check) return;
      questions.delete(target);
      asked.withdrawn.abort();
    },
    open: () => open,
  };
}

/** The run that was asked about: what comes of another one is another question. */
function isStillFailing(target: Target, { check, sinceMs }: Asked): boolean {
  const { open, suspicion } = knownOf(target, check);
  const run = open !== null && isFailing(open) ? open.failing : suspicion;
  return !target.retired && run?.sinceMs === sinceMs;
}

type Asked = { check: string; sinceMs: number; withdrawn: AbortController };
