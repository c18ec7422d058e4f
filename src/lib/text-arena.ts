/**
 * Short texts as bytes outside of the heap: a number stands for each. Room that is given back is used again by texts of
 * about the same length, so that change does not make it grow.
 */

export interface TextArena {
  /**
   * Keeps `text` from `from` to `to` in place of what `before` stands for (0: of nothing) and returns the number that
   * stands for it now, never 0.
   */
  put(before: number, text: string, from?: number, to?: number): number;
  get(number: number): string;
  /** Whether a number stands for `text` from `from` to `to`. */
  equals(number: number, text: string, from?: number, to?: number): boolean;
  drop(number: number): void;
  /** Bytes set aside so far. */
  reserved(): number;
}

/** A block is a head of 4 bytes and the text, in units of 8 bytes. */
const HEAD_BYTES = 4;
const UNIT_BITS = 17;
const UNITS_PER_CHUNK = 2 ** UNIT_BITS;
const UNIT_MASK = UNITS_PER_CHUNK - 1;
/** In the head, beside the length: not every byte is a character. */
const IS_UTF8 = 0x8000_0000;
/** What is longer is kept as the string it is. */
const MAX_BYTES = 60_000;
const IS_LARGE = 0x7fff_ffff;

type Chunk = { bytes: Buffer; words: Uint32Array };

export function createTextArena(): TextArena {
  const chunks: Chunk[] = [];
  const large = new Map<number, string>();
  /** By units, the number of the first free block of so many; each begins with the number of the next one. */
  const free = new Uint32Array(unitsOf(MAX_BYTES) + 1);
  /** The next unit that was never used; 0 stands for no text. */
  let next = 1;

  function chunkOf(number: number): Chunk {
    const chunk = chunks[number >>> UNIT_BITS];
    if (chunk === undefined) throw new RangeError(`there is no text ${number}`);
    return chunk;
  }

  function headOf(number: number): number {
    return chunkOf(number).words[(number & UNIT_MASK) * 2] ?? 0;
  }

  function setHead(number: number, head: number): void {
    chunkOf(number).words[(number & UNIT_MASK) * 2] = head;
  }

  function unitsAt(number: number): number {
    const length = (headOf(number) & ~IS_UTF8) >>> 0;
    return length === IS_LARGE ? 1 : unitsOf(length);
  }

  function allocate(units: number): number {
    const found = free[units] ?? 0;
    if (found !== 0) {
      free[units] = headOf(found);
      return found;
    }
    const left = chunks.length * UNITS_PER_CHUNK - next;
    if (left < units) {
      if (left > 0 && left < free.length) release(next, left);
      next = Math.max(1, chunks.length * UNITS_PER_CHUNK);
      const memory = new ArrayBuffer(UNITS_PER_CHUNK * 8);
      chunks.push({ bytes: Buffer.from(memory), words: new Uint32Array(memory) });
    }
    next += units;
    return next - units;
  }

  function release(number: number, units: number): void {
    setHead(number, free[units] ?? 0);
    free[units] = number;
  }

  function drop(number: number): void {
    const units = unitsAt(number);
    large.delete(number);
    release(number, units);
  }

  /** Where a text of so many units goes: where the one before it was, when that fits. */
  function roomFor(units: number, before: number): number {
    if (before !== 0) {
      if (unitsAt(before) === units) {
        large.delete(before);
        return before;
      }
      drop(before);
    }
    return allocate(units);
  }

  function get(number: number): string {
    const head = headOf(number);
    const length = (head & ~IS_UTF8) >>> 0;
    if (length === IS_LARGE) return large.get(number) ?? '';
    const from = (number & UNIT_MASK) * 8 + HEAD_BYTES;
    const { bytes } = chunkOf(number);
    return bytes.toString(head >= IS_UTF8 ? 'utf8' : 'latin1', from, from + length);
  }

  function putAscii(before: number, text: string, from: number, to: number): number {
    const number = roomFor(unitsOf(to - from), before);
    setHead(number, to - from);
    const { bytes } = chunkOf(number);
    const shift = (number & UNIT_MASK) * 8 + HEAD_BYTES - from;
    for (let at = from; at < to; at += 1) bytes[shift + at] = text.charCodeAt(at);
    return number;
  }

  function putOther(before: number, text: string): number {
    const length = Buffer.byteLength(text);
    const isLarge = length > MAX_BYTES;
    const number = roomFor(isLarge ? 1 : unitsOf(length), before);
    setHead(number, isLarge ? IS_LARGE : (length | IS_UTF8) >>> 0);
    if (isLarge) large.set(number, text);
    else chunkOf(number).bytes.write(text, (number & UNIT_MASK) * 8 + HEAD_BYTES);
    return number;
  }

  return {
    put(before, text, from = 0, to = text.length) {
      if (to - from <= MAX_BYTES && isAscii(text, from, to)) return putAscii(before, text, from, to);
      return putOther(before, text.slice(from, to));
    },
    get,
    equals(number, text, from = 0, to = text.length) {
      const head = headOf(number);
      if (head >= IS_UTF8 || head === IS_LARGE) return get(number) === text.slice(from, to);
      if (head !== to - from) return false;
      const { bytes } = chunkOf(number);
      const shift = (number & UNIT_MASK) * 8 + HEAD_BYTES - from;
      for (let at = from; at < to; at += 1) if (bytes[shift + at] !== text.charCodeAt(at)) return false;
      return true;
    },
    drop,
    reserved: () => chunks.length * UNITS_PER_CHUNK * 8,
  };
}

function unitsOf(bytes: number): number {
  return (HEAD_BYTES + bytes + 7) >>> 3;
}

function isAscii(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}
