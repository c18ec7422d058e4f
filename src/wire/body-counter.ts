/** How much of a reply's body has come, and whether it is all of it. The bytes are counted and not kept. */

export interface BodyCounter {
  push(bytes: Buffer): void;
  /** Bytes of content, without chunk framing. */
  bytes(): number;
  state(): 'open' | 'complete' | 'bad_chunking';
  /** What the close of the connection means now. */
  close(): 'complete' | 'truncated';
}

/** A body whose length is known; bytes past its end are not part of it. */
export function countLength(expected: number): BodyCounter {
  let count = 0;
  return {
    push: (bytes) => {
      count = Math.min(expected, count + bytes.length);
    },
    bytes: () => count,
    state: () => (count === expected ? 'complete' : 'open'),
    close: () => (count === expected ? 'complete' : 'truncated'),
  };
}

/** A body that ends with the connection. */
export function countUntilClose(): BodyCounter {
  let count = 0;
  let closed = false;
  return {
    push: (bytes) => {
      count += bytes.length;
    },
    bytes: () => count,
    state: () => (closed ? 'complete' : 'open'),
    close: () => {
      closed = true;
      return 'complete';
    },
  };
}
