import { randomFillSync } from 'node:crypto';

/** Randomness as a dependency, so that tests and the simulator can replay it. */
export interface Random {
  /** `length` unpredictable bytes; fit for tokens. */
  bytes(length: number): Uint8Array;
}

const POOL_BYTES = 8_192;

/** The operating system's generator. It is asked for many bytes at a time: one call for each id of a request is a twentieth of it. */
export const systemRandom: Random = createPooledRandom((into) => randomFillSync(into));

export function createPooledRandom(fill: (into: Uint8Array<ArrayBuffer>) => void): Random {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      if (length > POOL_BYTES) {
        fill(bytes);
        return bytes;
      }
      if (used + length > POOL_BYTES) {
        fill(pool);
        used = 0;
      }
      bytes.set(pool.subarray(used, used + length));
      // Handed out once: what was a secret is not kept here.
      pool.fill(0, used, used + length);
      used += length;
      return bytes;
    },
  };
}
