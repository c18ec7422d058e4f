/**
 * The gate: before a failed look counts against a site, it must be plausible that the trouble is not ours. In this
 * order: the clock, the brake on failures of many at once, the reply as proof of itself, and others that were reached
 * (reliability.md 3.4, conditions 1 to 4).
 */
import type { FailedLook, GateReason, Judgement, PassedLook, Proof } from '../../domain/gate.ts';
import { createPulse } from '../../domain/gate-pulse.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { FailureShape } from '../../domain/verdict.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { createBlindness } from './blindness.ts';
import { createBrake, type Marks } from './brake.ts';
import { createClockWatch } from './clock-watch.ts';
import { networkOf, networkOfSite } from './network.ts';
import type { OperatorEvents } from './operator-events.ts';
import { createPasses, type Pool } from './passes.ts';
import { createReferences, type ReferenceParts } from './references.ts';
import { createSuspects } from './suspects.ts';
import { createGateTrouble, type Held } from './trouble.ts';
import { type Asker, createWitnesses, type Whose } from './witnesses.ts';
import { clockJumped, SUMMARY } from './words.ts';

export interface Gate {
  /** A look ended well, Warning and Degraded included. Called for every one: a few stores, no parsing. */
  passed(look: PassedLook): void;
  /**
   * A look failed. Answers at once where it can, otherwise within 3.5 s, or 20 s in a fleet that is slow; never rejects. What is Down already needs no
   * judgement: nothing depends on it.
   */
  judge(failure: FailedLook): Judgement | Promise<Judgement>;
  /** At the start: it was reachable in an earlier run, and may be asked. `tookMs`: how long it took then. */
  remember(endpointId: EndpointId, address: string | null, tookMs: number): void;
  stats(): GateStats;
  /** Answers all that wait. */
  stop(): void;
}

export type GateStats = {
  /** What holds failures back right now. */
  open: { network_unproven: boolean; mass_failure: boolean };
  /** Judgements so far. */
  believed: Readonly<Record<Proof, number>>;
  unknown: Readonly<Record<GateReason, number>>;
  leftToVerifiers: number;
  /** Judgements that wait for proof. */
  waiting: number;
  /** Rounds in which others were asked for proof. */
  rounds: number;
  /** Networks of which somebody can be asked. */
  candidates: number;
  /** Reference targets that passed at their last look; null: none are configured. */
  references: { passing: number; of: number } | null;
  /** Over the last 30 s. */
  window: { looks: number; onsets: number; networks: number };
};

export type GateParts = {
  clock: Clock;
  trouble: Pick<OperatorEvents, 'raise' | 'calm'>;
  /** Whether anybody else can be asked while local evidence is not to be trusted. */
  hasVerifiers(): boolean;
  /** For the brake: targets that it counted. */
  counted: Marks;
  /** Null: none are configured, and the fleet itself stands witness. */
  references: ReferenceParts | null;
  /** Brings the next look of these forward to now; returns those it could be done for, in flight ones included. */
  lookNow(endpointIds: readonly EndpointId[]): readonly EndpointId[];
  /** These were believed moments ago, and the trouble is ours: a Seems Down of theirs is a false alarm. Must not throw. */
  onSuspects(endpointIds: readonly EndpointId[], reason: GateReason): void;
};

const TICK_MS = 1_000;
/** Of a target that is being confirmed: proof of its last look will do. */
const FRESH_MS = 5_000;
const FAILING_FOR_MS = 60_000;
const NEED_PROOF: readonly FailureShape[] = ['refused', 'silent', 'name'];
const ALL_SHAPES: readonly FailureShape[] = [...NEED_PROOF, 'answered'];

const CANNOT_BE_ASKED: Judgement = {
  kind: 'unknown',
  reason: 'network_unproven',
  summary: SUMMARY.network_unproven,
};

export function createGate(parts: GateParts): Gate {
  const { clock, hasVerifiers } = parts;
  const trouble = createGateTrouble(parts);
  const passes = createPasses();
  const pulse = createPulse();
  const brake = createBrake(parts.counted);
  const suspects = createSuspects();
  const clockWatch = createClockWatch(clock);
  const references =
    parts.references === null ? null : createReferences({ ...parts.references, clock, onPass: referencePassed });
  const witnesses = createWitnesses({ clock, passes, references, lookNow: parts.lookNow });
  const blindness = createBlindness();
  const believed = { not_needed: 0, passed: 0, too_few: 0 };
  const unknown = { network_unproven: 0, mass_failure: 0, clock_jumped: 0 };
  let leftToVerifiers = 0;
  let isStopped = false;
  let failedMs = Number.NEGATIVE_INFINITY;
  /** When a site passed last. */
  let passedMs = Number.NEGATIVE_INFINITY;
  let timer: Timer = clock.after(TICK_MS, tick);

  /** Whose pass shows that our network works: what was named for that, unless it is down itself. */
  const whose = () => (references === null || references.areLost() ? 'anybody' : 'references');

  /** As if none were named: those there were are gone for good, for all that sites say. */
  const hasReferences = () => references !== null && !references.areDead(passedMs);

  function tick(): void {
    timer = clock.after(TICK_MS, tick);
    const nowMs = clock.monotonicMs();
    const jumpMs = clockWatch.sample();
    if (jumpMs !== 0) trouble.clockJumped(jumpMs);
    brakeChanged(nowMs);
    references?.tick(nowMs - failedMs < FAILING_FOR_MS);
    if (references !== null) trouble.references(references.areLost(), references.stats());
    for (const asker of blindness.goesOn(nowMs)) askFor(asker);
    if (blindness.isAny()) trouble.isOn('network_unproven');
    if (!brake.isTripped()) return;
    massFailureIsOn(nowMs);
    if (brake.isQuiet(nowMs)) askFor({ endpointId: null, network: null });
  }

  function askFor(asker: Asker): void {
    witnesses.ask(asker);
    references?.hurry();
  }

  function brakeChanged(nowMs: number): void {
    const change = brake.evaluate(nowMs);
    if (change === 'tripped') {
      massFailureIsOn(nowMs);
      parts.onSuspects(suspects.take(ALL_SHAPES, nowMs), 'mass_failure');
      witnesses.dismiss();
    } else if (change === 'released') trouble.isOver('mass_failure');
  }

  function massFailureIsOn(nowMs: number): void {
    const { looks, onsets, networks } = brake.counts(nowMs);
    trouble.isOn('mass_failure', { looks, began_to_fail: onsets, networks });
  }

  /** A reply came, whatever it said: our network works that far. Whatever answers in the place of sites says no more. */
  function replied(look: Pick<PassedLook, 'address' | 'endedAtMonoMs'>): void {
    pulse.beat(look.endedAtMonoMs);
    if (!blindness.isAny() || whose() === 'references') return;
    if (blindness.seen(networkOf(look.address), look.endedAtMonoMs)) trouble.isOver('network_unproven');
  }

  function referencePassed(nowMs: number): void {
    brake.reached(nowMs);
    witnesses.referencePassed();
    if (!blindness.isAny() || !references?.prove(nowMs)) return;
    blindness.proven(nowMs);
    trouble.isOver('network_unproven');
  }

  /** A reply, unless the operator named targets that tell a reply of the site from one of a portal. */
  const isProofItself = ({ shape }: FailedLook) => shape === 'answered' && !hasReferences();

  function believe(failure: FailedLook, proof: Proof): Judgement {
    believed[proof] += 1;
    passes.forget(failure.endpointId);
    if (failure.isOnset) suspects.believed(failure.endpointId, failure.shape, clock.monotonicMs());
    return { kind: 'believe', references: proof };
  }

  function cannotTell({ endpointId }: FailedLook, reason: Held): Judgement {
    trouble.affects(reason, endpointId);
    if (hasVerifiers() && (reason === 'mass_failure' || blindness.isLasting(clock.monotonicMs()))) {
      leftToVerifiers += 1;
      return { kind: 'ask_verifiers_only', reason, summary: SUMMARY[reason] };
    }
    unknown[reason] += 1;
    return { kind: 'unknown', reason, summary: SUMMARY[reason] };
  }

  /** Nobody else could be reached either. */
  function goneBlind(failure: FailedLook, network: number | null, pool: Pool): Judgement {
    const nowMs = clock.monotonicMs();
    blindness.begin(pool, { endpointId: failure.endpointId, network }, nowMs);
    const judgement = cannotTell(failure, 'network_unproven');
    trouble.isOn('network_unproven');
    const doubtful = suspects.take(references === null ? NEED_PROOF : ALL_SHAPES, nowMs);
    if (doubtful.length > 0) parts.onSuspects(doubtful, 'network_unproven');
    return judgement;
  }

  /** Of this look alone nobody knows, as replies stopped coming while it was out, or too many wait for proof already. */
  function holdBack(failure: FailedLook): Judgement {
    const judgement = cannotTell(failure, 'network_unproven');
    trouble.isOn('network_unproven');
    trouble.isOver('network_unproven');
    return judgement;
  }

  function judgeByOthers(failure: FailedLook, network: number | null): Judgement | Promise<Judgement> {
    const nowMs = clock.monotonicMs();
    const begunMs = failure.startedAtMonoMs;
    passes.failed(failure.endpointId, nowMs);
    const pool = passes.poolFor(failure.endpointId, network);
    if (blindness.covers(pool, begunMs)) return cannotTell(failure, 'network_unproven');
    const isSilent = failure.shape === 'silent';
    if (isSilent && pulse.pauseIn(begunMs, nowMs) > 0) return holdBack(failure);
    if (pool.candidates.length < 2 && !hasReferences()) return believe(failure, 'too_few');
    if (whose() === 'references') {
      if (!failure.isOnset && references?.prove(nowMs - FRESH_MS)) return believe(failure, 'passed');
      return waitFor('references', failure, network, pool);
    }
    const since = { endedMs: nowMs - FRESH_MS, begunMs: isSilent ? begunMs : Number.NEGATIVE_INFINITY };
    if (!failure.isOnset && passes.haveTwo(failure, network, pool, since)) return believe(failure, 'passed');
    return waitFor('anybody', failure, network, pool);
  }

  async function waitFor(who: Whose, failure: FailedLook, network: number | null, pool: Pool): Promise<Judgement> {
    const testimony = await witnesses.wait(failure, network, pool, who);
    // It may have tripped since the word was given.
    if (testimony === 'overtaken' || brake.isTripped()) return cannotTell(failure, 'mass_failure');
    if (testimony === 'crowded') return holdBack(failure);
    return testimony === 'proven' ? believe(failure, 'passed') : goneBlind(failure, network, pool);
  }

  return {
    passed(look) {
      passedMs = look.endedAtMonoMs;
      brake.looked(look.endedAtMonoMs);
      brake.passed(look.endpointId);
      brake.reached(look.endedAtMonoMs);
      passes.add(look);
      witnesses.passed(look);
      replied(look);
    },
    judge(failure) {
      // Nobody can be asked any more: the end of ours is no outage of anybody's.
      if (isStopped) return isProofItself(failure) ? believe(failure, 'not_needed') : CANNOT_BE_ASKED;
      const nowMs = clock.monotonicMs();
      failedMs = nowMs;
      const jumpMs = clockWatch.jumpSince(failure.startedAtMonoMs);
      if (jumpMs !== 0) {
        unknown.clock_jumped += 1;
        return { kind: 'unknown', reason: 'clock_jumped', summary: clockJumped(jumpMs) };
      }
      const network = networkOf(failure.address);
      brake.looked(nowMs);
      if (failure.isOnset) brake.onset(failure.endpointId, network ?? networkOfSite(failure.siteId), nowMs);
      brakeChanged(nowMs);
      if (failure.shape === 'answered') replied({ address: failure.address, endedAtMonoMs: nowMs });
      if (brake.isTripped()) return cannotTell(failure, 'mass_failure');
      return isProofItself(failure) ? believe(failure, 'not_needed') : judgeByOthers(failure, network);
    },
    remember: (endpointId, address, tookMs) => passes.remember(endpointId, address, clock.monotonicMs(), tookMs),
    stats: () => ({
      open: { network_unproven: blindness.isAny(), mass_failure: brake.isTripped() },
      believed: { ...believed },
      unknown: { ...unknown },
      leftToVerifiers,
      waiting: witnesses.waiting(),
      rounds: witnesses.rounds(),
      candidates: passes.candidates(),
      references: references?.stats() ?? null,
      window: brake.counts(clock.monotonicMs()),
    }),
    stop() {
      isStopped = true;
      timer.cancel();
      references?.stop();
      witnesses.dismiss();
    },
  };
}
