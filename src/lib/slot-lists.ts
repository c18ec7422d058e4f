/** Doubly linked lists over slots, in typed arrays: a slot is in one of them at most, and leaves it without a search. */
import { lengthened, reserved } from './columns.ts';

export interface SlotLists {
  /** Puts a slot that is in no list at the end of one. */
  append(list: number, slot: number): void;
  /** Takes a slot out of the list it is in. */
  remove(list: number, slot: number): void;
  /** The first slot of a list; -1 when it is empty. */
  first(list: number): number;
  /** The slot behind one that is in a list; -1 behind the last. */
  after(slot: number): number;
  has(slot: number): boolean;
  /** Makes room for so many slots. */
  reserve(slots: number): void;
}

const NONE = -1;

export function createSlotLists(lists: number): SlotLists {
  const heads = new Int32Array(lists).fill(NONE);
  const tails = new Int32Array(lists).fill(NONE);
  /** One more than the slot, so that untouched memory says: in no list. The last one is followed by itself. */
  let following = new Int32Array(0);
  let previous = new Int32Array(0);

  function after(slot: number): number {
    const next = (following[slot] ?? 0) - 1;
    return next === slot ? NONE : next;
  }

  return {
    append(list, slot) {
      if (slot >= following.length) {
        following = lengthened(following, slot);
        previous = lengthened(previous, slot);
      }
      const tail = tails[list] ?? NONE;
      following[slot] = slot + 1;
      previous[slot] = tail + 1;
      if (tail === NONE) heads[list] = slot;
      else following[tail] = slot + 1;
      tails[list] = slot;
    },
    remove(list, slot) {
      const next = after(slot);
      const before = (previous[slot] ?? 0) - 1;
      if (before === NONE) heads[list] = next;
      else following[before] = next === NONE ? before + 1 : next + 1;
      if (next === NONE) tails[list] = before;
      else previous[next] = before + 1;
      following[slot] = 0;
      previous[slot] = 0;
    },
    first: (list) => heads[list] ?? NONE,
    after,
    has: (slot) => (following[slot] ?? 0) !== 0,
    reserve(slots) {
      following = reserved(following, slots);
      previous = reserved(previous, slots);
    },
  };
}
