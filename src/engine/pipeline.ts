/**
 * The main path, end to end: wheel -> prober -> verdict -> gate -> decide -> append -> confirm. A newcomer starts reading
 * here, and goes on in judge/settle.ts; when a look is due is said in looks.ts.
 */
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlan } from '../domain/probe-plan.ts';
import { isAnswered } from '../domain/state.ts';
import { countedVerdict, type Observation, withoutChecks } from '../domain/verdict.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { AskedLook } from '../services/look-now.ts';
import { createAskedLooks } from './asked-looks.ts';
import type { Gate } from './gate/gate.ts';
import { isConfirming, isCounting } from './judge/memory.ts';
import { createSettle, type SettleParts } from './judge/settle.ts';
import { lookOf, NEXT_ROUND, type Target, type Who } from './judge/target.ts';
import { createTargets, type Logged } from './judge/targets.ts';
import { createTurns } from './judge/turns.ts';
import { createLooks } from './looks.ts';
import { REGULAR, RETRY } from './schedule/dispatch.ts';
import type { Fleet } from './schedule/fleet.ts';
import { createOwnLooks } from './schedule/own-looks.ts';
import type { WindowLimits } from './schedule/window.ts';
import { createSlices } from './slices.ts';

export type PipelineParts = Omit<SettleParts, 'inTurn' | 'arm' | 'gate' | 'onResult'> & {
  /** Who is in it and armed here is looked at. */
  fleet: Fleet;
  prober: Prober;
  gate: Pick<Gate, 'judge' | 'passed'>;
  /** How long the last healthy look at an endpoint took, ms; null: not known. */
  usualMs(endpointId: Who['endpointId']): number | null;
  /** The newest window that has begun for an endpoint, `own` being that of its row. */
  maintenanceOf(who: Who, own: MaintenanceWindow | null): MaintenanceWindow | null;
  /** How endpoints are probed that want nothing else. */
  plan: ProbePlan;
  /** Looks in flight; see window.ts. */
  limits?: WindowLimits | undefined;
  /** Told of every result, after it is recorded. */
  onResult(who: Who): void;
  /** A decision could not be written. The target is left unarmed: what is open on it must be read again first. */
  onWriteFailure(target: Target, error: unknown): void;
};

export function createPipeline(parts: PipelineParts) {
  const { fleet, prober, gate, runtime, history, clock } = parts;
  const own = createOwnLooks(prober);
  const targets = createTargets(parts);
  const slices = createSlices<ProbeResult>({
    work: take,
    done: (results) => looks.answered(results),
    later: setImmediate,
  });
  // What waits to be worked off keeps its place in the window: we are no faster than that.
  const inFlight = () => prober.inFlight() + slices.waiting();
  const looks = createLooks({ ...parts, prober: { submit: prober.submit, inFlight }, targets });
  const turns = createTurns({
    failed(target, error) {
      // The slot of one that was replaced is another's.
      if (targets.at(target.slot) === target) retire(target.slot);
      parts.onWriteFailure(target, error);
    },
    idle: targets.release,
  });
  const asked = createAskedLooks(handOver);
  const settle = createSettle({ ...parts, inTurn: turns.take, arm: looks.follow });
  /** The newest slot that was well. */
  let well = -1;

  /** True when there is something to decide. */
  function take({ id, observation }: ProbeResult): boolean {
    if (own.take(id, observation)) return false;
    const tell = asked.take(id);
    const slot = looks.claim(id);
    if (slot !== -1) return consider(slot, observation, tell);
    tell?.(unbooked(observation));
    return false;
  }

  /** Null: it is not watched. */
  function handOver(endpointId: Who['endpointId']): number | null {
    const slot = fleet.find(endpointId);
    return slot === -1 ? null : looks.handOver(slot);
  }

  /** Healthy with nothing open, as nearly all are: no decision and no database. */
  function consider(slot: number, whole: Observation, tell: Tell): boolean {
    const disabled = fleet.disabledChecks(slot);
    const observation = disabled === null ? whole : withoutChecks(whole, disabled);
    const who = { endpointId: fleet.endpointId(slot), siteId: fleet.siteId(slot) };
    const worst = countedVerdict(observation.verdicts);
    if (isAnswered(worst.state)) {
      well = slot;
      const endedAtMonoMs = clock.monotonicMs();
      const startedAtMonoMs = endedAtMonoMs - (observation.timings.total ?? 0);
      gate.passed({ endpointId: who.endpointId, address: observation.address, startedAtMonoMs, endedAtMonoMs });
    }
    if (worst.state !== 'Up' || targets.at(slot) !== null) {
      judge(targets.of(slot), observation, tell);
      return true;
    }
    parts.ownFailures.saw(who.endpointId, null);
    runtime.record(who, observation, worst);
    history.add(lookOf(who, observation));
    looks.arm(slot, NEXT_ROUND, REGULAR);
    tell?.({ observation, isBooked: true, closed: [] });
    // Last, because a listener may change the very endpoint.
    parts.onResult(who);
    return false;
  }

  function judge(target: Target, observation: Observation, tell: Tell): void {
    let outcome = unbooked(observation);
    const [seenMonoMs, { epoch }] = [clock.monotonicMs(), target];
    const extras = tell === null ? 0 : 1;
    target.looksUndecided += 1;
    target.extrasUndecided += extras;
    turns.take(target, async () => {
      // Settled while it waited for its turn: it began before that.
      const isStale = epoch !== target.epoch;
      const open = [...target.incidents];
      const wasConfirming = isConfirming(target);
      if (isStale) parts.counts.unused('duplicate', 1);
      const settled = isStale ? null : await settle.look(target, observation, seenMonoMs, tell !== null);
      target.looksUndecided -= 1;
      target.extrasUndecided -= extras;
      // The slot of one that was replaced meanwhile is another's.
      if (!target.retired && !wasConfirming && isConfirming(target)) looks.setAside(target.slot);
      const follow = wasConfirming && tell !== null ? looks.followExtra : looks.follow;
      follow(target, settled?.waitMs ?? null);
      if (settled !== null && settled.waitMs !== null) {
        const closed = open.filter(([check, { eventId }]) => target.incidents.get(check)?.eventId !== eventId);
        outcome = {
          observation: settled.observation,
          isBooked: true,
          closed: closed.map(([, { eventId }]) => eventId),
        };
      }
    });
    // Also when its turn never came: whoever asked is not left waiting.
    if (tell !== null) void target.turn.then(() => tell(outcome));
  }

  function retire(slot: number): void {
    targets.retire(slot);
    looks.retire(slot);
  }

  return {
    /** Has a slot of the fleet looked at in `delayMs` for the first time, and from then on. `logged`: see targets.ts. */
    watch(slot: number, delayMs: number, logged?: Logged): void {
      const isInTrouble = logged !== undefined && logged.incidents.size > 0;
      if (logged !== undefined && (isInTrouble || logged.recent.size > 0)) targets.of(slot, logged);
      looks.arm(slot, delayMs, isInTrouble ? RETRY : REGULAR);
    },
    /** Before a slot leaves the fleet: it is not looked at again, and what is out or being written for it is stale. */
    retire,
    /** Makes room for so many slots. */
    reserve: looks.reserve,
    /** The prober says: this is what was seen. */
    seen: slices.take,
    /** Looks at a URL that is no endpoint. */
    look: own.look,
    /** Brings the look of an endpoint forward to now, unless one is due within seconds anyway. False: it is not watched. */
    lookNow(endpointId: Who['endpointId']): boolean {
      const slot = fleet.find(endpointId);
      if (slot === -1) return false;
      // One that is judged right now has just been looked at, and the looks that confirm a failure keep their distance.
      const target = targets.at(slot);
      const isBusy = looks.isOut(slot) || (target !== null && (target.isJudged || isCounting(target, parts.policy())));
      if (!isBusy) looks.arm(slot, 0, RETRY);
      return true;
    },
    /** As asked-looks.ts. */
    ask: asked.ask,
    /** Takes back what was said of an endpoint before our own network came into doubt. */
    withdraw(endpointId: Who['endpointId'], because: string): void {
      const target = targets.find(endpointId);
      if (target === null) return;
      turns.take(target, async () => looks.follow(target, await settle.withdraw(target, because)));
    },
    /** Others can be asked now than before: what waits for their word need not wait any longer. */
    askAgain() {
      if (parts.confirm.isConfigured) for (const target of targets.all()) settle.askAgain(target);
    },
    /** A URL that was well a moment ago; null: there is none. */
    knownUp: () => (well !== -1 && fleet.isUsed(well) ? fleet.url(well) : null),
    start: looks.start,
    /** Nothing is handed to the prober any more. */
    stop: looks.stop,
    /** What comes from now on is dropped, answers of others as well; what is being decided is still written. */
    end() {
      slices.finish();
      turns.end();
    },
    /** What is open at a slot; null: nothing. */
    incidentsAt: (slot: number) => targets.at(slot)?.incidents ?? null,
    stats: looks.stats,
    confirming: targets.confirming,
    questions: settle.questions,
    /** Resolves when no decision is being written any more. */
    settled: turns.settled,
  };
}

/** Who asked for a look and waits for what becomes of it; null: nobody did. */
type Tell = ((look: AskedLook) => void) | null;

/** What it found is stale: somebody settled the matter meanwhile, or the endpoint is another one now. */
function unbooked(observation: Observation): AskedLook {
  return { observation, isBooked: false, closed: [] };
}

export type Pipeline = ReturnType<typeof createPipeline>;
