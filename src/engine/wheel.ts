/**
 * The wheel: who is due when. Slots of 50 ms on the monotonic clock, so that a jump of the wall clock neither skips
 * nor repeats a check; one timer for all.
 */
import type { Clock, Timer } from '../lib/clock.ts';

export interface Wheel<T extends object> {
  /** Makes `target` due in `delayMs`, never sooner; replaces an earlier appointment. Negative means at once. */
  arm(target: T, delayMs: number): void;
  disarm(target: T): void;
  /** Targets that have an appointment. */
  size(): number;
  start(): void;
  stop(): void;
}

const SLOT_MS = 50;

export function createWheel<T extends object>(options: { clock: Clock; onDue(targets: T[]): void }): Wheel<T> {
  const slots = new Map<number, Set<T>>();
  const appointments = new Map<T, number>();
  let handledUpTo = currentSlot();
  let timer: Timer | null = null;

  function currentSlot(): number {
    return Math.floor(options.clock.monotonicMs() / SLOT_MS);
  }

  function disarm(target: T): void {
    const slot = appointments.get(target);
    if (slot === undefined) return;
    appointments.delete(target);
    const members = slots.get(slot);
    members?.delete(target);
    if (members?.size === 0) slots.delete(slot);
  }

  function arm(target: T, delayMs: number): void {
    disarm(target);
    // Rounded up: a check before its time would find that very time still ahead and be repeated in a moment.
    const dueSlot = Math.ceil((options.clock.monotonicMs() + delayMs) / SLOT_MS);
    const slot = Math.max(dueSlot, handledUpTo + 1);
    const members = slots.get(slot);
    if (members === undefined) slots.set(slot, new Set([target]));
    else members.add(target);
    appointments.set(target, slot);
  }

  function tick(): void {
    const due: T[] = [];
    const now = currentSlot();
    for (const slot of dueSlots(now)) {
      for (const target of slots.get(slot) ?? []) {
        appointments.delete(target);
        due.push(target);
      }
      slots.delete(slot);
    }
    handledUpTo = now;
    timer = options.clock.after(SLOT_MS, tick);
    if (due.length > 0) options.onDue(due);
  }

  /** After a long sleep of the machine there may be more slots to walk than slots in use: take the shorter way. */
  function dueSlots(now: number): number[] {
    if (now - handledUpTo > slots.size) return [...slots.keys()].filter((slot) => slot <= now).sort((a, b) => a - b);
    return Array.from({ length: now - handledUpTo }, (_, index) => handledUpTo + 1 + index);
  }

  return {
    arm,
    disarm,
    size: () => appointments.size,
    start() {
      timer ??= options.clock.after(0, tick);
    },
    stop() {
      timer?.cancel();
      timer = null;
    },
  };
}
