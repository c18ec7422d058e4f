/** Looks for byte strings in a text that comes in pieces, each byte once for each string not yet found (spec/03 section 5.7). */
import type { BodyRules, BodySearch } from './exchange.ts';

export interface TextSearch {
  /** The bytes must stay as they are until `keep`, or the end of the search. */
  push(bytes: Buffer): void;
  /** From here on nothing that was pushed need stay as it is. */
  keep(): void;
  isRequiredMissing(): boolean;
  /** Nothing that may still come can change the result. */
  isSettled(): boolean;
  result(): Extract<BodySearch, { outcome: 'searched' }>;
}

type Wanted = { pattern: Buffer; isFound: boolean };

/** An empty string is found at once when required, and never when forbidden. */
export function createTextSearch({ required, forbidden }: BodyRules): TextSearch {
  const one: Wanted | null = required === null ? null : wanted(required, required.length === 0);
  const others = forbidden.map((pattern) => wanted(pattern, false));
  const all = (one === null ? others : [one, ...others]).filter(({ pattern }) => pattern.length > 0);
  /** A match that began before this piece began at most so many bytes before it. */
  const borderBytes = Math.max(0, ...all.map(({ pattern }) => pattern.length - 1));
  let border: Buffer = NOTHING;
  let bytesSearched = 0;

  return {
    push(bytes) {
      bytesSearched += bytes.length;
      const seam = border.length === 0 ? null : Buffer.concat([border, bytes.subarray(0, borderBytes)]);
      for (const each of all) {
        if (!each.isFound) each.isFound = bytes.includes(each.pattern) || (seam?.includes(each.pattern) ?? false);
      }
      border = endOf(border, bytes, borderBytes);
    },
    keep() {
      border = Buffer.from(border);
    },
    isRequiredMissing: () => one !== null && !one.isFound,
    isSettled: () => all.every(({ isFound }) => isFound),
    result() {
      const found = others.findIndex(({ isFound }) => isFound);
      return {
        outcome: 'searched',
        isRequiredMissing: one !== null && !one.isFound,
        forbiddenFound: found === -1 ? null : found,
        bytesSearched,
      };
    },
  };
}

function wanted(pattern: Buffer, isFound: boolean): Wanted {
  return { pattern, isFound };
}

const NOTHING = Buffer.alloc(0);

/** The last bytes of all that came. */
function endOf(before: Buffer, bytes: Buffer, length: number): Buffer {
  if (bytes.length >= length) return bytes.subarray(bytes.length - length);
  return Buffer.concat([before, bytes]).subarray(-length);
}
