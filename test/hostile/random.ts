/** Seeded choices for the draws of the hostile corpus: the same seed, the same bytes on the wire. */
import { seeded } from '../kit/seeded.ts';

export interface Random {
  /** A whole number between two bounds, both included. */
  int(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
  /** Lower-case letters. */
  word(length: number): string;
  bytes(length: number): Buffer;
  /** The bytes in up to `most` pieces, cut anywhere. */
  cut(bytes: Buffer, most: number): Buffer[];
}

export function createRandom(seed: number): Random {
  const next = seeded(seed);
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    pick(list) {
      const chosen = list[int(0, list.length - 1)];
      if (chosen === undefined) throw new TypeError('there is nothing to pick from');
      return chosen;
    },
    word: (length) => Array.from({ length }, () => String.fromCharCode(97 + int(0, 25))).join(''),
    bytes: (length) => Buffer.from(Array.from({ length }, () => int(0, 255))),
    cut(bytes, most) {
      const borders = Array.from({ length: int(0, most - 1) }, () => int(0, bytes.length)).sort((a, b) => a - b);
      return [0, ...borders].map((from, index) => bytes.subarray(from, borders[index] ?? bytes.length));
    },
  };
}
