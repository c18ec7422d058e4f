/**
 * The wheel: which slot of the fleet is due when. Ticks of 10 ms on the monotonic clock, so that a jump of the wall clock
 * neither skips nor repeats a check. A turn takes eleven minutes; what is due later stays where it is for more turns.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import { lengthened, reserved } from '../../lib/columns.ts';
import { createSlotLists } from '../../lib/slot-lists.ts';

export interface Wheel {
  /** Makes a slot due in `delayMs`, never sooner; replaces an earlier appointment. Negative means at once. */
  arm(slot: number, delayMs: number): void;
  disarm(slot: number): void;
  /** When a slot is due, or was at its last appointment, on the monotonic clock. */
  dueMs(slot: number): number;
  /** Slots that have an appointment. */
  size(): number;
  /** Makes room for so many slots. */
  reserve(slots: number): void;
  start(): void;
  stop(): void;
}

const TICK_MS = 10;
/**
 * Where looks come one by one, a few leave in company, because waking a thread costs more than a look: after so few were
 * due, it is so long until the next are taken.
 */
const FEW = 16;
const COMPANY_MS = 40;
const SPOKE_BITS = 16;
const SPOKES = 2 ** SPOKE_BITS;
const SPOKE_MASK = SPOKES - 1;
const NONE = -1;
const NEVER = Number.POSITIVE_INFINITY;

export function createWheel(options: { clock: Clock; onDue(slots: number[]): void }): Wheel {
  const { clock } = options;
  const spokes = createSlotLists(SPOKES);
  const inUse = createBits(SPOKES);
  let dueTimes = new Float64Array(0);
  let size = 0;
  let handledUpTo = Math.floor(clock.monotonicMs() / TICK_MS);
  let timer: Timer | null = null;
  let wakesAt = NEVER;
  let isStarted = false;
  let restsUntilMs = 0;

  /** Rounded up: a check before its time would find that very time still ahead and be repeated in a moment. */
  function tickOf(slot: number): number {
    return Math.ceil((dueTimes[slot] ?? 0) / TICK_MS);
  }

  function disarm(slot: number): void {
    if (!spokes.has(slot)) return;
    const spoke = tickOf(slot) & SPOKE_MASK;
    spokes.remove(spoke, slot);
    if (spokes.first(spoke) === NONE) inUse.clear(spoke);
    size -= 1;
  }

  function arm(slot: number, delayMs: number): void {
    disarm(slot);
    if (slot >= dueTimes.length) dueTimes = lengthened(dueTimes, slot);
    // Nothing is put where the wheel has been already.
    dueTimes[slot] = Math.max(clock.monotonicMs() + Math.max(0, delayMs), handledUpTo * TICK_MS + 1);
    const tick = tickOf(slot);
    spokes.append(tick & SPOKE_MASK, slot);
    inUse.set(tick & SPOKE_MASK);
    size += 1;
    if (tick < wakesAt) wakeAt(tick);
  }

  function wakeAt(tick: number): void {
    wakesAt = tick;
    if (!isStarted) return;
    timer?.cancel();
    const wakesAtMs = Math.max(tick * TICK_MS, restsUntilMs);
    timer = clock.after(wakesAtMs - clock.monotonicMs(), function wake() {
      // Timers may go off a little before their time. A turn that finds nothing for that would rest, and be late.
      if (clock.monotonicMs() < wakesAtMs) timer = clock.after(1, wake);
      else turn();
    });
  }

  /** Takes out what is due, spoke by spoke; after a long sleep each spoke in use is looked at once, and no other. */
  function turn(): void {
    const now = Math.floor(clock.monotonicMs() / TICK_MS);
    const due: number[] = [];
    const last = Math.min(now, handledUpTo + SPOKES);
    for (let tick = nextInUse(handledUpTo); tick <= last; tick = nextInUse(tick)) {
      takeDue(tick & SPOKE_MASK, now, due);
    }
    handledUpTo = now;
    restsUntilMs = due.length < FEW ? clock.monotonicMs() + COMPANY_MS : 0;
    wakesAt = NONE;
    if (due.length > 0) options.onDue(due);
    wakesAt = NEVER;
    const next = nextInUse(handledUpTo);
    if (isStarted && next !== NEVER) wakeAt(next);
  }

  /** The next tick after this one on whose spoke there is anything; it may be due in a later turn. */
  function nextInUse(tick: number): number {
    const spoke = inUse.next((tick + 1) & SPOKE_MASK);
    if (spoke === NONE) return NEVER;
    return tick + 1 + ((spoke - tick - 1) & SPOKE_MASK);
  }

  function takeDue(spoke: number, now: number, due: number[]): void {
    for (let slot = spokes.first(spoke); slot !== NONE; ) {
      const next = spokes.after(slot);
      if (tickOf(slot) <= now) {
        spokes.remove(spoke, slot);
        size -= 1;
        due.push(slot);
      }
      slot = next;
    }
    if (spokes.first(spoke) === NONE) inUse.clear(spoke);
  }

  return {
    arm,
    disarm,
    dueMs: (slot) => dueTimes[slot] ?? 0,
    size: () => size,
    reserve(slots) {
      dueTimes = reserved(dueTimes, slots);
      spokes.reserve(slots);
    },
    start() {
      if (isStarted) return;
      isStarted = true;
      const next = nextInUse(handledUpTo);
      if (next !== NEVER) wakeAt(next);
    },
    stop() {
      isStarted = false;
      timer?.cancel();
      timer = null;
    },
  };
}

/** A set of small numbers that tells the next one in it, round and round. */
function createBits(count: number) {
  const words = new Uint32Array(count / 32);
  return {
    set(bit: number): void {
      words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
    },
    clear(bit: number): void {
      words[bit >>> 5] = (words[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
    },
    /** The first at or after `from`, else the first of all; -1 when there is none. */
    next(from: number): number {
      let word = (words[from >>> 5] ?? 0) & (-1 << (from & 31));
      for (let step = 0; step <= words.length; step += 1) {
        const at = ((from >>> 5) + step) % words.length;
        if (step > 0) word = words[at] ?? 0;
        if (word !== 0) return at * 32 + 31 - Math.clz32(word & -word);
      }
      return NONE;
    },
  };
}
