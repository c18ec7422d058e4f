/**
 * Failures that wait for proof that our network works: others must be reached after them. In a busy fleet that comes by
 * itself within milliseconds; otherwise a few others are looked at right now, one round for all that wait.
 */
import type { FailedLook, PassedLook } from '../../domain/gate.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { networkOf, scopeOf } from './network.ts';
import type { Candidate, Passes, Pool } from './passes.ts';
import type { References } from './references.ts';

/** For whose sake others are asked; nulls: for everybody's. */
export type Asker = { endpointId: EndpointId | null; network: number | null };

/** `overtaken`: it was decided otherwise meanwhile. `crowded`: too many wait already, which says nothing of our network. */
export type Testimony = 'proven' | 'unproven' | 'overtaken' | 'crowded';

export type Whose = 'anybody' | 'references';

export interface Witnesses {
  /** Resolves within some 3.5 s; where those that can be asked are slow, within 20 s. `whose`: the word of reference targets alone, or that of other sites as well. */
  wait(failure: FailedLook, network: number | null, pool: Pool, whose: Whose): Promise<Testimony>;
  /** Someone was reached, and is well. */
  passed(look: PassedLook): void;
  /** A reference target was reached. */
  referencePassed(): void;
  /** Looks at some who may be reached, unless that was done a moment ago. */
  ask(asker: Asker): void;
  /** Nobody waits any longer. */
  dismiss(): void;
  waiting(): number;
  rounds(): number;
}

const DEADLINE_MS = 3_500;
const LONGEST_DEADLINE_MS = 20_000;
const LOOK_EVERY_MS = 100;
/** A busy fleet has spoken by then. */
const ASK_AFTER_MS = 300;
const ROUND_EVERY_MS = 2_000;
const ASKED_AT_ONCE = 3;
const MOST_WAITING = 10_000;
/** Looks that come back together have not exactly one time. */
const TOGETHER_MS = 50;

type Waiting = {
  failure: FailedLook;
  network: number | null;
  pool: Pool;
  whose: Whose;
  sinceMs: number;
  /** When it is over without proof. */
  untilMs: number;
  /** The network of the first who was reached. */
  first: number | null;
  tell(testimony: Testimony): void;
};

export function createWitnesses(parts: {
  clock: Clock;
  passes: Passes;
  references: References | null;
  /** Brings the regular look of these forward to now; returns those it can be done for. */
  lookNow(endpointIds: readonly EndpointId[]): readonly EndpointId[];
}): Witnesses {
  const { clock, passes, references } = parts;
  const queue = new Set<Waiting>();
  /** Of those in the queue, for whom any site may speak. */
  let forAnybody = 0;
  let timer: Timer | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;
  let rounds = 0;

  function settle(one: Waiting, testimony: Testimony): void {
    if (queue.delete(one) && one.whose === 'anybody') forAnybody -= 1;
    one.tell(testimony);
  }

  function look(): void {
    timer = null;
    const nowMs = clock.monotonicMs();
    for (const one of queue) {
      // In the order they came, and none waits for less: those behind the first that is too young are as well.
      if (nowMs - one.sinceMs < DEADLINE_MS) break;
      if (nowMs < one.untilMs) continue;
      // One alone is less than two, and still it was reached.
      settle(one, one.first !== null ? 'proven' : 'unproven');
    }
    const [longest] = queue;
    if (longest === undefined) return;
    references?.hurry();
    if (longest.whose === 'anybody' && nowMs - longest.sinceMs >= ASK_AFTER_MS)
      ask({ endpointId: longest.failure.endpointId, network: longest.network });
    timer = clock.after(LOOK_EVERY_MS, look);
  }

  function ask({ endpointId, network }: Asker): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - askedMs < ROUND_EVERY_MS) return;
    const { candidates } = passes.poolFor(endpointId, network);
    if (candidates.length === 0) return;
    askedMs = nowMs;
    rounds += 1;
    const asked = [...candidates].sort(mostPromising).slice(0, ASKED_AT_ONCE);
    for (const one of asked) one.triedAtMs = nowMs;
    const looked = new Set(parts.lookNow(asked.map(({ endpointId }) => endpointId)));
    for (const { endpointId } of asked) if (!looked.has(endpointId)) passes.forget(endpointId);
  }

  function isWitness(waiting: Waiting, look: PassedLook, there: number): boolean {
    const { failure, network, pool, whose, sinceMs } = waiting;
    if (whose === 'references') return false;
    if (look.endedAtMonoMs < sinceMs - TOGETHER_MS || look.endpointId === failure.endpointId) return false;
    if (failure.shape === 'silent' && look.startedAtMonoMs < failure.startedAtMonoMs) return false;
    return there !== network && pool.scopes.includes(scopeOf(there));
  }

  return {
    wait(failure, network, pool, whose) {
      if (queue.size >= MOST_WAITING) return Promise.resolve('crowded');
      references?.hurry();
      return new Promise((tell) => {
        const sinceMs = clock.monotonicMs();
        const untilMs = sinceMs + deadlineMs(pool, whose);
        queue.add({ failure, network, pool, whose, sinceMs, untilMs, first: null, tell });
        if (whose === 'anybody') forAnybody += 1;
        timer ??= clock.after(LOOK_EVERY_MS, look);
      });
    },
    passed(look) {
      if (forAnybody === 0) return;
      const there = networkOf(look.address);
      if (there === null) return;
      for (const one of queue) {
        if (!isWitness(one, look, there)) continue;
        if (one.first === null) one.first = there;
        else if (one.first !== there) settle(one, 'proven');
      }
    },
    referencePassed() {
      for (const one of queue) if (references?.prove(one.sinceMs)) settle(one, 'proven');
    },
    ask,
    dismiss() {
      for (const one of queue) settle(one, 'overtaken');
      timer?.cancel();
      timer = null;
    },
    waiting: () => queue.size,
    rounds: () => rounds,
  };
}

/** Twice as long as those take that can be asked: as half of them do, so that a single slow one holds up nobody. */
function deadlineMs({ candidates }: Pool, whose: Whose): number {
  if (whose === 'references') return DEADLINE_MS;
  const took = candidates.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const usualMs = took[took.length >> 1] ?? 0;
  return Math.min(LONGEST_DEADLINE_MS, Math.max(DEADLINE_MS, ASK_AFTER_MS + 2 * usualMs));
}

/** Who was not tried since it passed, the newest first; then who was tried longest ago. */
function mostPromising(a: Candidate, b: Candidate): number {
  return a.triedAtMs === b.triedAtMs ? b.passedAtMs - a.passedAtMs : a.triedAtMs - b.triedAtMs;
}
