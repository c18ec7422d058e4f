/** Whole numbers as few bytes as they need: seven bits a byte, least first, the last one marked by a clear high bit. */

export interface ByteWriter {
  /** 0 to 2^53 - 1. */
  unsigned(value: number): void;
  /** Either sign, up to 2^52: small ones stay small (zigzag). */
  signed(value: number): void;
  bytes(values: Uint8Array): void;
  length(): number;
  /** What was written so far, as a copy. */
  take(): Uint8Array<ArrayBuffer>;
}

export interface ByteReader {
  unsigned(): number;
  signed(): number;
  /** The next `length` bytes, not copied. */
  bytes(length: number): Uint8Array;
  /** Goes past so many numbers, whatever they are. */
  skip(numbers: number): void;
  left(): number;
}

const SMALL = 2 ** 31;

export function createByteWriter(expected = 64): ByteWriter {
  let buffer = new Uint8Array(expected);
  let length = 0;

  function reserve(more: number): void {
    if (length + more <= buffer.length) return;
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + more));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  }

  function unsigned(value: number): void {
    reserve(8);
    let rest = value;
    // Bit operations know 32 bits alone; times since the epoch have more.
    for (; rest >= SMALL; rest = Math.floor(rest / 128)) buffer[length++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) buffer[length++] = (rest & 127) | 128;
    buffer[length++] = rest;
  }

  return {
    unsigned,
    signed: (value) => unsigned(value < 0 ? -2 * value - 1 : 2 * value),
    bytes(values) {
      reserve(values.length);
      buffer.set(values, length);
      length += values.length;
    },
    length: () => length,
    take: () => buffer.slice(0, length),
  };
}

/** Every read throws RangeError when the bytes end too early or hold no number. */
export function createByteReader(bytes: Uint8Array): ByteReader {
  let at = 0;

  function unsigned(): number {
    const only = bytes[at];
    if (only !== undefined && only < 128) {
      at += 1;
      return only;
    }
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the bytes end within a number');
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      if (scale > 2 ** 49) break;
    }
    throw new RangeError('a number is too large');
  }

  return {
    unsigned,
    signed() {
      const value = unsigned();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    bytes(length) {
      if (at + length > bytes.length) throw new RangeError('the bytes end too early');
      at += length;
      return bytes.subarray(at - length, at);
    },
    skip(numbers) {
      for (let left = numbers; left > 0; ) {
        const byte = bytes[at++];
        if (byte === undefined) throw new RangeError('the bytes end within a number');
        if (byte < 128) left -= 1;
      }
    },
    left: () => bytes.length - at,
  };
}
