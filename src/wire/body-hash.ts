/**
 * SHA-256 of a text that comes in pieces. Few ask for it, so the start is kept and hashed only then; a longer text is
 * hashed as it comes.
 */
import { createHash, type Hash } from 'node:crypto';

/** Most pages fit; keeping this much costs a tenth of hashing it. */
const MAX_KEPT_BYTES = 32_768;
/** Text that drips in costs more to keep than its bytes. */
const MAX_KEPT_PIECES = 64;

export interface BodyHash {
  /** The bytes are valid during the call only. */
  push(bytes: Buffer): void;
  /** In hex, of all that was pushed; nothing may be pushed after. */
  hex(): string;
}

export function createBodyHash(): BodyHash {
  /** As latin1, which keeps every byte and is cheaper than a buffer of its own. */
  let kept: string[] = [];
  let keptBytes = 0;
  let hash: Hash | null = null;
  let digest: string | null = null;

  function startHash(): Hash {
    const started = createHash('sha256');
    for (const piece of kept) started.update(piece, 'latin1');
    kept = [];
    return started;
  }

  return {
    push(bytes) {
      if (hash === null && keptBytes + bytes.length <= MAX_KEPT_BYTES && kept.length < MAX_KEPT_PIECES) {
        keptBytes += bytes.length;
        kept.push(bytes.toString('latin1'));
      } else {
        hash ??= startHash();
        hash.update(bytes);
      }
    },
    hex() {
      digest ??= (hash ?? startHash()).digest('hex');
      return digest;
    },
  };
}
