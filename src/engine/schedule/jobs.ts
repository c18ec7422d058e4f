/** Which looks are out for which slot, so that a stale answer is known as one. Nearly always it is one at most. */
import { lengthened, reserved } from '../../lib/columns.ts';
import type { Precedence, ProbeJob } from '../../prober/prober.ts';
import { type Fleet, MAX_SLOTS } from './fleet.ts';

/** Looks of a slot are counted around this often; nothing stays out for as long. */
const MAX_LOOKS = 2 ** 27;
/** In a column, beside the count: the look is out. */
const IS_OUT = 2 ** 31;

export function createJobs(fleet: Fleet) {
  /** The last look of each slot, whoever it belonged to: an endpoint never gets the answer of the one before it. */
  let looks = new Uint32Array(0);
  /** Looks before the last that are still out: retries do not wait for each other. */
  const others = new Map<number, Set<number>>();

  const lastOf = (slot: number) => looks[slot] ?? 0;
  const isLastOut = (slot: number) => lastOf(slot) >= IS_OUT;

  function keepOut(slot: number): void {
    const kept = others.get(slot) ?? new Set();
    others.set(slot, kept.add(lastOf(slot) - IS_OUT));
  }

  /** Whether it was out, and is not any more. */
  function takeOther(slot: number, look: number): boolean {
    const kept = others.get(slot);
    if (kept?.delete(look) !== true) return false;
    if (kept.size === 0) others.delete(slot);
    return true;
  }

  function out(slot: number): number {
    return (isLastOut(slot) ? 1 : 0) + (others.get(slot)?.size ?? 0);
  }

  return {
    jobFor(slot: number, timeoutMs: number, precedence: Precedence = null): ProbeJob {
      if (slot >= looks.length) looks = lengthened(looks, slot);
      if (isLastOut(slot)) keepOut(slot);
      const look = ((lastOf(slot) & (MAX_LOOKS - 1)) + 1) % MAX_LOOKS;
      looks[slot] = look + IS_OUT;
      const [url, plan] = [fleet.url(slot), fleet.plan(slot)];
      return { id: look * MAX_SLOTS + slot, url, timeoutMs, plan, evidence: 'unless_healthy', precedence };
    },
    /** The slot a job was for; -1 when its endpoint was changed or removed meanwhile: what was seen is stale. */
    claim(id: number): number {
      const slot = id % MAX_SLOTS;
      const look = (id - slot) / MAX_SLOTS;
      if (looks[slot] === look + IS_OUT) looks[slot] = look;
      else if (!takeOther(slot, look)) return -1;
      return slot;
    },
    reserve(slots: number): void {
      looks = reserved(looks, slots);
    },
    /** Looks of a slot that are out. */
    out,
    /** The ids of those. */
    idsOut(slot: number): number[] {
      const last = isLastOut(slot) ? [lastOf(slot) - IS_OUT] : [];
      return [...last, ...(others.get(slot) ?? [])].map((look) => look * MAX_SLOTS + slot);
    },
    /** Makes the looks that are out stale, and says how many those are. */
    revoke(slot: number): number {
      const revoked = out(slot);
      others.delete(slot);
      if (slot < looks.length) looks[slot] = lastOf(slot) & (MAX_LOOKS - 1);
      return revoked;
    },
  };
}

export type Jobs = ReturnType<typeof createJobs>;
