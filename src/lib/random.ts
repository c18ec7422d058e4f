import { randomBytes } from 'node:crypto';

/** Randomness as a dependency, so that tests and the simulator can replay it. */
export interface Random {
  /** `length` unpredictable bytes; fit for tokens. */
  bytes(length: number): Uint8Array;
}

/** The operating system's generator. */
export const systemRandom: Random = { bytes: (length) => randomBytes(length) };
