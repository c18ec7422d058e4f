/** When each endpoint is looked at next: armed in the wheel, handed over by dispatch, and known while it is out. */
import type { ProbePlan } from '../domain/probe-plan.ts';
import type { Clock } from '../lib/clock.ts';
import type { Precedence, ProbeJob, Prober } from '../prober/prober.ts';
import type { AskingParts } from './judge/asking.ts';
import type { DetectionCounts } from './judge/detection-counts.ts';
import { isConfirming, isTold, retryAfter } from './judge/memory.ts';
import { NEXT_ROUND, policyOf, type Target } from './judge/target.ts';
import type { Targets } from './judge/targets.ts';
import { type Cohorts, createCohorts } from './schedule/cohorts.ts';
import { createDispatch, type DispatchStats, type LookKind, RECOVERY, REGULAR, RETRY } from './schedule/dispatch.ts';
import { type Fleet, MARK } from './schedule/fleet.ts';
import { createJobs } from './schedule/jobs.ts';
import { recoveryWaitMs } from './schedule/recovery-pace.ts';
import { createWheel } from './schedule/wheel.ts';
import type { WindowLimits } from './schedule/window.ts';

export interface Looks {
  /** The slot is looked at after this wait; `NEXT_ROUND`: at its place in its next round. In the place of what was armed. */
  arm(slot: number, waitMs: number, kind: LookKind): void;
  /**
   * What was decided on a target wants it looked at after this wait. Retries go on while something is to be confirmed;
   * otherwise what is out is stale. Null, or a target that was replaced: whoever replaced it has armed it.
   */
  follow(target: Target, waitMs: number | null): void;
  /** The same after a look that somebody asked for, beside those that confirm what failed before: they keep their times. */
  followExtra(target: Target, waitMs: number | null): void;
  /** What is out began before a failure was known, and is no retry of it. */
  setAside(slot: number): void;
  /**
   * Hands a look over that somebody asks for, at once, past the wheel and those that wait; the id of its job. What is armed
   * stays armed, and what fails has as many retries as without it.
   */
  handOver(slot: number): number;
  /** Not looked at any more; what is out is stale. */
  retire(slot: number): void;
  /** The slot that a look which is back was for; -1 when it is stale. */
  claim(id: number): number;
  /** So many looks have come back. */
  answered(looks: number): void;
  isOut(slot: number): boolean;
  /** Makes room for so many slots. */
  reserve(slots: number): void;
  start(): void;
  /** Nothing is handed over any more. */
  stop(): void;
  stats(): LookStats;
}

export type LookStats = DispatchStats & {
  /** Regular looks that fall due in a second. */
  requiredPerSecond: number;
  cohorts: Pick<Cohorts, 'looks'>;
};

/** Between two retries of one target. */
const LEAST_GAP_MS = 2_000;

export function createLooks(parts: {
  fleet: Fleet;
  targets: Pick<Targets, 'at'>;
  prober: Pick<Prober, 'submit' | 'inFlight'>;
  clock: Clock;
  policy: AskingParts['policy'];
  counts: Pick<DetectionCounts, 'handedOver' | 'unused'>;
  /** How is probed what wants nothing else. */
  plan: ProbePlan;
  /** Looks in flight; see window.ts. */
  limits?: WindowLimits | undefined;
}): Looks {
  const { fleet, targets, clock, counts } = parts;
  const cohorts = createCohorts(parts.plan);
  const jobs = createJobs(fleet);
  const wheel = createWheel({ clock, onDue: (slots) => dispatch.due(slots) });
  const dispatch = createDispatch({
    ...parts,
    jobFor,
    dueMs: wheel.dueMs,
    kindOf,
    checksPerSecond: fleet.checksPerSecond,
    handedOver: counts.handedOver,
  });

  /** Looks that are out and no retries: job and slot. */
  const extras = new Map<number, number>();
  /** Slots whose next look is to tell whether they are well again. */
  let recovering = 0;

  function kindOf(slot: number): LookKind {
    if (fleet.has(slot, MARK.urgent)) return RETRY;
    return fleet.has(slot, MARK.recovering) ? RECOVERY : REGULAR;
  }

  /** The wheel says: it is due. A retry has a deadline of its own, and the one after it does not wait for it. */
  function jobFor(slot: number): ProbeJob {
    const target = targets.at(slot);
    if (target === null) return newJob(slot, fleet.timeoutMs(slot));
    const now = retry(target);
    const precedence = now !== null ? 'first' : isTold(target) ? 'last' : null;
    const job = newJob(slot, now?.timeoutMs ?? target.timeoutMs, precedence);
    const next = retry(target);
    // Those that are overdue do not leave together: one bad moment must not confirm a failure.
    if (next !== null) arm(slot, Math.max(next.atMs - clock.nowMs(), LEAST_GAP_MS), RETRY);
    return job;
  }

  function newJob(slot: number, timeoutMs: number, precedence: Precedence = null): ProbeJob {
    const job = jobs.jobFor(slot, timeoutMs, precedence);
    cohorts.saw(job.plan);
    return job;
  }

  /** Looks that may still count: out, or back and not decided. */
  function undecided(target: Target): number {
    return jobs.out(target.slot) + target.looksUndecided;
  }

  function retry(target: Target) {
    const retries = undecided(target) - extrasOut(target.slot) - target.extrasUndecided;
    return retryAfter(target, retries, clock.nowMs(), policyOf(target, parts.policy()));
  }

  function extrasOut(slot: number): number {
    let out = 0;
    for (const at of extras.values()) if (at === slot) out += 1;
    return out;
  }

  function revoke(slot: number): number {
    for (const [id, at] of extras) if (at === slot) extras.delete(id);
    return jobs.revoke(slot);
  }

  function follow(target: Target, waitMs: number | null): void {
    const { slot } = target;
    if (waitMs === null || target.retired) return;
    if (undecided(target) > 0 && isConfirming(target)) {
      const next = retry(target);
      // One that could not tell may want more time than that.
      if (next !== null) arm(slot, Math.max(next.atMs - clock.nowMs(), waitMs), RETRY);
      return;
    }
    // What is settled needs no witness that began before it was.
    counts.unused('duplicate', revoke(slot));
    target.epoch += 1;
    if (waitMs === NEXT_ROUND) arm(slot, waitMs, REGULAR);
    else if (retry(target) !== null) arm(slot, waitMs, RETRY);
    else lookForRecovery(target, waitMs);
  }

  function lookForRecovery({ slot, intervalMs }: Target, waitMs: number): void {
    const load = { recovering, checksPerSecond: fleet.checksPerSecond(), intervalMs };
    arm(slot, recoveryWaitMs(waitMs, load), RECOVERY);
  }

  function markRecovering(slot: number, isRecovering: boolean): void {
    if (fleet.has(slot, MARK.recovering) === isRecovering) return;
    fleet.mark(slot, MARK.recovering, isRecovering);
    recovering += isRecovering ? 1 : -1;
  }

  function arm(slot: number, waitMs: number, kind: LookKind): void {
    dispatch.remove(slot);
    fleet.mark(slot, MARK.urgent, kind === RETRY);
    markRecovering(slot, kind === RECOVERY);
    wheel.arm(slot, waitMs === NEXT_ROUND ? fleet.untilNextCheck(slot, clock.nowMs()) : waitMs);
  }

  return {
    arm,
    follow,
    followExtra(target, waitMs) {
      if (retry(target) === null) follow(target, waitMs);
    },
    setAside(slot) {
      for (const id of jobs.idsOut(slot)) extras.set(id, slot);
    },
    handOver(slot) {
      const job = newJob(slot, fleet.timeoutMs(slot));
      extras.set(job.id, slot);
      parts.prober.submit([job]);
      return job.id;
    },
    retire(slot) {
      counts.unused('stale', revoke(slot));
      wheel.disarm(slot);
      dispatch.remove(slot);
      markRecovering(slot, false);
    },
    claim(id) {
      if (extras.size > 0) extras.delete(id);
      return jobs.claim(id);
    },
    answered: dispatch.answered,
    isOut: (slot) => jobs.out(slot) > 0,
    reserve(slots) {
      wheel.reserve(slots);
      dispatch.reserve(slots);
      jobs.reserve(slots);
    },
    start: wheel.start,
    stop() {
      wheel.stop();
      dispatch.stop();
    },
    stats: () => ({ ...dispatch.stats(), requiredPerSecond: fleet.checksPerSecond(), cohorts }),
  };
}
