/**
 * SHA-256 of a text that comes in pieces. Few ask for it, so the start is kept and hashed only then; a longer text is
 * hashed as it comes.
 */
import { createHash, type Hash } from 'node:crypto';

/** Most pages fit; keeping this much costs a tenth of hashing it. */
const MAX_KEPT_BYTES = 32_768;
/** Text that drips in costs more to keep than its bytes. */
const MAX_KEPT_PIECES = 64;

/** A class, because every searched page has one. */
export class BodyHash {
  /** Pieces that are valid until `keep`, behind those that are kept. */
  #views: Buffer[] = [];
  /** As latin1, which keeps every byte and is cheaper than a buffer of its own. */
  #kept: string[] = [];
  #bytes = 0;
  #hash: Hash | null = null;
  #digest: string | null = null;

  /** The bytes must stay as they are until `keep` or `hex`. */
  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#hash !== null) this.#hash.update(bytes);
    else {
      this.#views.push(bytes);
      if (this.#bytes > MAX_KEPT_BYTES || this.#kept.length + this.#views.length > MAX_KEPT_PIECES) this.#start();
    }
  }

  /** From here on nothing that was pushed need stay as it is. */
  keep(): void {
    for (const view of this.#views) this.#kept.push(view.toString('latin1'));
    this.#views = [];
  }

  /** In hex, of all that was pushed; nothing may be pushed after. */
  hex(): string {
    this.#digest ??= this.#start().digest('hex');
    return this.#digest;
  }

  #start(): Hash {
    if (this.#hash !== null) return this.#hash;
    const hash = createHash('sha256');
    for (const piece of this.#kept) hash.update(piece, 'latin1');
    for (const view of this.#views) hash.update(view);
    this.#kept = [];
    this.#views = [];
    this.#hash = hash;
    return hash;
  }
}
