/** Gathers small pieces of a text into larger ones: a page may come in a million chunks, and each step costs. */

const SMALL_BYTES = 512;
const GATHERED_BYTES = 2_048;

export class BodyPieces {
  readonly #pass: (bytes: Buffer) => void;
  #gathered: Buffer | null = null;
  #length = 0;

  /** `pass` gets all bytes in order, valid as long as those that were pushed. */
  constructor(pass: (bytes: Buffer) => void) {
    this.#pass = pass;
  }

  push(bytes: Buffer): void {
    const isSmall = bytes.length < SMALL_BYTES;
    if (!isSmall || this.#length + bytes.length > GATHERED_BYTES) this.flush();
    if (!isSmall) {
      this.#pass(bytes);
      return;
    }
    this.#gathered ??= Buffer.allocUnsafe(GATHERED_BYTES);
    bytes.copy(this.#gathered, this.#length);
    this.#length += bytes.length;
  }

  /** Passes what is held back. */
  flush(): void {
    if (this.#gathered === null || this.#length === 0) return;
    const bytes = this.#gathered.subarray(0, this.#length);
    // Whoever got it may look at it again before its read is over.
    this.#gathered = null;
    this.#length = 0;
    this.#pass(bytes);
  }
}
