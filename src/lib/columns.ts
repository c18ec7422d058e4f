/** Columns that grow: one typed array per fact, an entry per slot. */

export type Column = { readonly length: number; readonly buffer: ArrayBuffer; readonly BYTES_PER_ELEMENT: number };

const FIRST_LENGTH = 1_024;

/**
 * A column made long enough for a slot that it is too short for. Its old memory goes back at once: left to the garbage
 * collector, the copies of a large fleet would stand beside each other. The array handed in must not be used any more.
 */
export function lengthened<C extends Column>(column: C, slot: number): C {
  return withLength(column, Math.max(slot + 1, Math.ceil(column.length * 1.25), FIRST_LENGTH));
}

/** A column with room for so many slots, when that is known beforehand: no copy will be made on the way there. */
export function reserved<C extends Column>(column: C, slots: number): C {
  return slots <= column.length ? column : withLength(column, slots);
}

/** Slots to set aside for so many, so that the next few cost nothing. */
export function withRoomToGrow(slots: number): number {
  return Math.ceil(slots * 1.05) + FIRST_LENGTH;
}

function withLength<C extends Column>(column: C, length: number): C {
  const Kind = column.constructor as new (buffer: ArrayBuffer) => C;
  return new Kind(column.buffer.transfer(length * column.BYTES_PER_ELEMENT));
}
