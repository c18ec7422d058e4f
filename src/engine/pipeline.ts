/**
 * The main path, end to end: wheel -> prober -> verdict -> gate -> decide -> append -> confirm. A newcomer starts reading
 * here, and goes on in judge/settle.ts.
 */
import type { OpenIncident } from '../domain/incident.ts';
import { isAnswered } from '../domain/state.ts';
import { type Observation, worstVerdict } from '../domain/verdict.ts';
import type { ProbeJob, ProbeResult, Prober } from '../prober/prober.ts';
import type { Gate } from './gate/gate.ts';
import { isConfirming, retryAfter } from './judge/memory.ts';
import { createSettle, type SettleParts } from './judge/settle.ts';
import { lookOf, NEXT_ROUND, policyOf, type Target, type Who } from './judge/target.ts';
import { createTargets } from './judge/targets.ts';
import { createDispatch } from './schedule/dispatch.ts';
import { type Fleet, MARK } from './schedule/fleet.ts';
import { createJobs } from './schedule/jobs.ts';
import { createOwnLooks } from './schedule/own-looks.ts';
import { createWheel } from './schedule/wheel.ts';
import type { WindowLimits } from './schedule/window.ts';

export type PipelineParts = Omit<SettleParts, 'inTurn' | 'arm' | 'gate' | 'onResult'> & {
  /** Who is in it and armed here is looked at. */
  fleet: Fleet;
  prober: Prober;
  gate: Pick<Gate, 'judge' | 'passed'>;
  /** How long the last healthy look at an endpoint took, ms; null: not known. */
  usualMs(endpointId: Who['endpointId']): number | null;
  /** Looks in flight; see window.ts. */
  limits?: WindowLimits | undefined;
  /** Told of every result, after it is recorded. */
  onResult(who: Who): void;
  /** A decision could not be written. The target is left unarmed: what is open on it must be read again first. */
  onWriteFailure(target: Target, error: unknown): void;
};

/** Between two retries of one target. */
const LEAST_GAP_MS = 2_000;

export function createPipeline(parts: PipelineParts) {
  const { fleet, prober, gate, runtime, history, clock } = parts;
  const jobs = createJobs(fleet);
  const own = createOwnLooks(prober);
  const targets = createTargets(parts);
  const wheel = createWheel({ clock, onDue: (slots) => dispatch.due(slots) });
  const dispatch = createDispatch({
    ...parts,
    jobFor,
    dueMs: wheel.dueMs,
    isUrgent: (slot) => fleet.has(slot, MARK.urgent),
    checksPerSecond: fleet.checksPerSecond,
    handedOver: parts.counts.handedOver,
  });
  const settle = createSettle({ ...parts, inTurn, arm: (target, waitMs) => follow(target, waitMs) });
  const writing = new Set<Promise<void>>();
  /** The newest slot that was well. */
  let well = -1;

  /** The wheel says: it is due. A retry has a deadline of its own, and the one after it does not wait for it. */
  function jobFor(slot: number): ProbeJob {
    const target = targets.at(slot);
    if (target === null) return jobs.jobFor(slot, fleet.timeoutMs(slot));
    const job = jobs.jobFor(slot, retry(target)?.timeoutMs ?? target.timeoutMs);
    const next = retry(target);
    // Those that are overdue do not leave together: one bad moment must not confirm a failure.
    if (next !== null) arm(slot, Math.max(next.atMs - clock.nowMs(), LEAST_GAP_MS), true);
    return job;
  }

  /** The prober says: this is what was seen. */
  function seen(results: readonly ProbeResult[]): void {
    for (const { id, observation } of results) {
      if (own.take(id, observation)) continue;
      const slot = jobs.claim(id);
      if (slot !== -1) consider(slot, observation);
    }
    dispatch.answered(results.length);
  }

  /** Healthy with nothing open, as nearly all are: no decision and no database. */
  function consider(slot: number, observation: Observation): void {
    const who = { endpointId: fleet.endpointId(slot), siteId: fleet.siteId(slot) };
    const worst = worstVerdict(observation.verdicts);
    if (isAnswered(worst.state)) {
      well = slot;
      const endedAtMonoMs = clock.monotonicMs();
      const startedAtMonoMs = endedAtMonoMs - (observation.timings.total ?? 0);
      gate.passed({ endpointId: who.endpointId, address: observation.address, startedAtMonoMs, endedAtMonoMs });
    }
    if (worst.state !== 'Up' || targets.at(slot) !== null) {
      judge(targets.of(slot), observation);
      return;
    }
    parts.ownFailures.saw(who.endpointId, null);
    runtime.record(who, observation, worst);
    history.add(lookOf(who, observation));
    arm(slot, NEXT_ROUND, false);
    // Last, because a listener may change the very endpoint.
    parts.onResult(who);
  }

  function judge(target: Target, observation: Observation): void {
    const [seenMonoMs, { epoch }] = [clock.monotonicMs(), target];
    inTurn(target, async () => {
      // Settled while it waited for its turn: it began before that.
      if (epoch === target.epoch) follow(target, await settle.look(target, observation, seenMonoMs));
    });
  }

  /** What concerns one target happens one after another, as looks and answers of others may come at once. */
  function inTurn(target: Target, work: () => Promise<void>): void {
    const done: Promise<void> = target.turn
      .then(() => (target.retired ? undefined : work()))
      .catch((error: unknown) => {
        // The slot of one that was replaced is another's.
        if (!target.retired) retire(target.slot);
        parts.onWriteFailure(target, error);
      })
      .finally(() => {
        writing.delete(done);
        // Only when nothing waits for its turn: whatever is decided next must find this very target.
        if (target.turn === done) targets.release(target);
      });
    target.turn = done;
    writing.add(done);
  }

  /** A target that was replaced while we were writing is armed by whoever replaced it. */
  function follow(target: Target, waitMs: number | null): void {
    const { slot } = target;
    if (waitMs === null || target.retired) return;
    if (jobs.out(slot) > 0 && isConfirming(target)) {
      const next = retry(target);
      if (next !== null) arm(slot, next.atMs - clock.nowMs(), true);
      return;
    }
    // What is settled needs no witness that began before it was.
    jobs.revoke(slot);
    target.epoch += 1;
    arm(slot, waitMs, waitMs !== NEXT_ROUND);
  }

  function retry(target: Target) {
    return retryAfter(target, jobs.out(target.slot), clock.nowMs(), policyOf(target, parts.policy()));
  }

  function arm(slot: number, waitMs: number, isUrgent: boolean): void {
    dispatch.remove(slot);
    fleet.mark(slot, MARK.urgent, isUrgent);
    wheel.arm(slot, waitMs === NEXT_ROUND ? fleet.untilNextCheck(slot, clock.nowMs()) : waitMs);
  }

  function retire(slot: number): void {
    targets.retire(slot);
    jobs.revoke(slot);
    wheel.disarm(slot);
    dispatch.remove(slot);
  }

  return {
    /** Has a slot of the fleet looked at in `delayMs` for the first time, and from then on. */
    watch(slot: number, delayMs: number, incidents?: Map<string, OpenIncident>): void {
      const isInTrouble = incidents !== undefined && incidents.size > 0;
      if (isInTrouble) targets.of(slot, incidents);
      arm(slot, delayMs, isInTrouble);
    },
    /** Before a slot leaves the fleet: it is not looked at again, and what is out or being written for it is stale. */
    retire,
    /** Makes room for so many slots. */
    reserve(slots: number): void {
      wheel.reserve(slots);
      dispatch.reserve(slots);
      jobs.reserve(slots);
    },
    seen,
    /** Looks at a URL that is no endpoint. */
    look: own.look,
    /** Brings the look of an endpoint forward to now. False: it is not watched. */
    lookNow(endpointId: Who['endpointId']): boolean {
      const slot = fleet.find(endpointId);
      if (slot === -1) return false;
      // One that is judged right now has just been looked at.
      if (jobs.out(slot) === 0 && targets.at(slot)?.isJudged !== true) arm(slot, 0, true);
      return true;
    },
    /** Takes back what was said of an endpoint before our own network came into doubt. */
    withdraw(endpointId: Who['endpointId'], because: string): void {
      const target = targets.find(endpointId);
      if (target !== null) inTurn(target, async () => follow(target, await settle.withdraw(target, because)));
    },
    /** A URL that was well a moment ago; null: there is none. */
    knownUp: () => (well !== -1 && fleet.isUsed(well) ? fleet.url(well) : null),
    start: wheel.start,
    /** Nothing is handed to the prober any more. */
    stop(): void {
      wheel.stop();
      dispatch.stop();
    },
    /** What is open at a slot; null: nothing. */
    incidentsAt: (slot: number) => targets.at(slot)?.incidents ?? null,
    stats: dispatch.stats,
    questions: settle.questions,
    /** Resolves when no decision is being written any more. */
    settled: async () => void (await Promise.all(writing)),
  };
}

export type Pipeline = ReturnType<typeof createPipeline>;
