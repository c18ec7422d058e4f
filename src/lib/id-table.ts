/**
 * Exact 64-bit ids to slots: small numbers without gaps, under which others keep columns. Open addressing in typed arrays,
 * where a Map of bigints would take ten times the memory.
 */
import { lengthened, reserved } from './columns.ts';

export interface IdTable {
  /** The slot of an id; -1 when it has none. */
  find(id: bigint): number;
  /** The same of the two 32-bit halves of an id, which takes no bigint. */
  findHalves(low: number, high: number): number;
  /** Gives an id that has none the slot that became free last, or a new one. */
  add(id: bigint): number;
  /** Frees a slot that is in use. */
  remove(slot: number): void;
  /** The id of a slot that is in use. */
  idAt(slot: number): bigint;
  /** Ids that have a slot. */
  size(): number;
  /** All slots that were ever given are below. */
  extent(): number;
  /** Makes room for so many ids, so that none has to be made on the way there. */
  reserve(ids: number): void;
}

const NONE = -1;
const FIRST_PLACES = 1_024;

export function createIdTable(): IdTable {
  /** Slot + 1 at the place of its id; 0 where nobody is. */
  let places = new Int32Array(FIRST_PLACES);
  let mask = FIRST_PLACES - 1;
  /** Of a free slot: the one that became free before it. */
  let ids = new BigInt64Array(0);
  let halves = new Int32Array(ids.buffer);
  let firstFree = NONE;
  let size = 0;
  let extent = 0;
  const wanted = new BigInt64Array(1);
  const wantedHalves = new Int32Array(wanted.buffer);

  function homeOf(low: number, high: number): number {
    let hash = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1);
    hash ^= hash >>> 15;
    return hash & mask;
  }

  function homeOfSlot(slot: number): number {
    return homeOf(halves[2 * slot] ?? 0, halves[2 * slot + 1] ?? 0);
  }

  function placeOf(low: number, high: number): number {
    for (let place = homeOf(low, high); ; place = (place + 1) & mask) {
      const slot = (places[place] ?? 0) - 1;
      if (slot === NONE) return NONE;
      if (halves[2 * slot] === low && halves[2 * slot + 1] === high) return place;
    }
  }

  function findHalves(low: number, high: number): number {
    const place = placeOf(low | 0, high | 0);
    return place === NONE ? NONE : (places[place] ?? 0) - 1;
  }

  function settle(slot: number): void {
    let place = homeOfSlot(slot);
    while (places[place] !== 0) place = (place + 1) & mask;
    places[place] = slot + 1;
  }

  function spread(length: number): void {
    const before = places;
    places = new Int32Array(length);
    mask = places.length - 1;
    for (const entry of before) if (entry !== 0) settle(entry - 1);
  }

  /** Those behind move up, so that no look-up ends at the gap. */
  function close(gap: number): void {
    let hole = gap;
    for (let place = (gap + 1) & mask; places[place] !== 0; place = (place + 1) & mask) {
      const home = homeOfSlot((places[place] ?? 0) - 1);
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      places[hole] = places[place] ?? 0;
      hole = place;
    }
    places[hole] = 0;
  }

  function takeSlot(): number {
    if (firstFree === NONE) {
      if (extent >= ids.length) {
        ids = lengthened(ids, extent);
        halves = new Int32Array(ids.buffer);
      }
      extent += 1;
      return extent - 1;
    }
    const slot = firstFree;
    firstFree = halves[2 * slot] ?? NONE;
    return slot;
  }

  return {
    find(id) {
      wanted[0] = id;
      return findHalves(wantedHalves[0] ?? 0, wantedHalves[1] ?? 0);
    },
    findHalves,
    add(id) {
      const slot = takeSlot();
      ids[slot] = id;
      size += 1;
      if (size * 4 > places.length * 3) spread(places.length * 2);
      settle(slot);
      return slot;
    },
    remove(slot) {
      const place = placeOf(halves[2 * slot] ?? 0, halves[2 * slot + 1] ?? 0);
      if (place === NONE || places[place] !== slot + 1) throw new RangeError(`slot ${slot} is not in use`);
      close(place);
      halves[2 * slot] = firstFree;
      firstFree = slot;
      size -= 1;
    },
    idAt: (slot) => ids[slot] ?? 0n,
    size: () => size,
    extent: () => extent,
    reserve(slots) {
      ids = reserved(ids, slots);
      halves = new Int32Array(ids.buffer);
      let length = places.length;
      while (slots * 4 > length * 3) length *= 2;
      if (length > places.length) spread(length);
    },
  };
}
