/**
 * Between wheel and prober. The rule of back pressure: what is due waits in order, nothing is dropped, and each kind of
 * looks has its share, so that sites which hang cannot keep the others from being looked at. As many are handed over as
 * the window has room for.
 */
import type { Clock } from '../../lib/clock.ts';
import { createSlotLists } from '../../lib/slot-lists.ts';
import type { ProbeJob, Prober } from '../../prober/prober.ts';
import { createLateness, type Lateness } from './lateness.ts';
import { createWindow, type WindowLimits } from './window.ts';

export type DispatchStats = {
  /** Looks that are due and wait. */
  due: number;
  /** Looks that may be in flight, and that are. */
  window: number;
  inFlight: number;
  /** From the time a look was due until it was handed over. */
  latenessMs: Lateness;
  /** Looks handed over since the start. */
  dispatched: number;
  /** Looks that came due since the start, and those of them for which the window had no room then. */
  cameDue: number;
  waited: number;
  /** How long a look is in flight, as the window takes it, ms. */
  flightMs: number;
};

export interface Dispatch {
  due(slots: readonly number[]): void;
  /** So many looks have come back. */
  answered(looks: number): void;
  /** A slot that is not to be looked at any more. */
  remove(slot: number): void;
  /** Makes room for so many slots. */
  reserve(slots: number): void;
  /** Hands nothing over any more. */
  stop(): void;
  stats(): DispatchStats;
}

/** Kinds of looks; what room one leaves goes to the others in this order. */
export const RETRY = 0;
export const REGULAR = 1;
export const RECOVERY = 2;
export type LookKind = typeof RETRY | typeof REGULAR | typeof RECOVERY;

/** Whose turn it is while all of them wait: half of the room is that of regular looks. */
const TURNS: readonly LookKind[] = [RETRY, REGULAR, RECOVERY, REGULAR];
const KINDS = 3;
const NONE = -1;
/** Handed over in one message. */
const MOST_AT_ONCE = 2_000;

export function createDispatch(parts: {
  clock: Clock;
  prober: Pick<Prober, 'submit' | 'inFlight'>;
  jobFor(slot: number): ProbeJob;
  /** When a slot was due, on the monotonic clock. */
  dueMs(slot: number): number;
  /** The same from when a slot is due until it is handed over. */
  kindOf(slot: number): LookKind;
  checksPerSecond(): number;
  /** A look leaves so long after it was due, ms. */
  handedOver(lateMs: number): void;
  limits?: WindowLimits | undefined;
}): Dispatch {
  const { clock, prober } = parts;
  const waiting = createSlotLists(KINDS);
  const window = createWindow(parts.checksPerSecond, clock.monotonicMs(), parts.limits);
  const lateness = createLateness(clock);
  let due = 0;
  let dispatched = 0;
  let cameDue = 0;
  let waited = 0;
  let turn = 0;
  let isStopped = false;
  let isHandingOver = false;

  function remove(slot: number): void {
    if (!waiting.has(slot)) return;
    waiting.remove(parts.kindOf(slot), slot);
    due -= 1;
  }

  function next(): number {
    let slot = waiting.first(TURNS[turn] ?? REGULAR);
    for (let kind = 0; slot === NONE && kind < KINDS; kind += 1) slot = waiting.first(kind);
    if (slot === NONE) return NONE;
    turn = (turn + 1) % TURNS.length;
    remove(slot);
    return slot;
  }

  function take(room: number, nowMs: number): ProbeJob[] {
    const jobs: ProbeJob[] = [];
    while (jobs.length < room) {
      const slot = next();
      if (slot === NONE) break;
      const lateMs = nowMs - parts.dueMs(slot);
      lateness.add(lateMs, nowMs);
      parts.handedOver(lateMs);
      jobs.push(parts.jobFor(slot));
    }
    return jobs;
  }

  function handOver(): void {
    if (isHandingOver) return;
    isHandingOver = true;
    try {
      while (due > 0 && !isStopped) {
        const room = window.size() - prober.inFlight();
        if (room <= 0) break;
        const nowMs = clock.monotonicMs();
        const jobs = take(Math.min(room, MOST_AT_ONCE), nowMs);
        dispatched += jobs.length;
        prober.submit(jobs);
        window.note(nowMs, prober.inFlight());
      }
    } finally {
      isHandingOver = false;
    }
  }

  return {
    due(slots) {
      let urgent = 0;
      let added = 0;
      for (const slot of slots) {
        if (waiting.has(slot)) continue;
        const kind = parts.kindOf(slot);
        if (kind !== REGULAR) urgent += 1;
        waiting.append(kind, slot);
        added += 1;
      }
      due += added;
      cameDue += added;
      window.note(clock.monotonicMs(), prober.inFlight(), { urgent });
      handOver();
      waited += Math.min(added, due);
    },
    answered(looks) {
      window.note(clock.monotonicMs(), prober.inFlight(), { answered: looks });
      handOver();
    },
    remove,
    reserve: waiting.reserve,
    stop() {
      isStopped = true;
    },
    stats: () => ({
      due,
      window: window.size(),
      inFlight: prober.inFlight(),
      latenessMs: lateness.read(),
      dispatched,
      cameDue,
      waited,
      flightMs: window.flightMs(),
    }),
  };
}
