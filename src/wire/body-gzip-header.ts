/** Reads past the header of a gzip member (RFC 1952 section 2.3), as long as it may be, and keeps nothing of it. */

const FIXED_BYTES = 10;
const MAGIC: readonly number[] = [0x1f, 0x8b, 8];
const FLAGS_AT = 3;
const HAS_CHECKSUM = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const RESERVED_FLAGS = 0xe0;

/** In the order in which they follow each other. */
type Part = 'fixed' | 'extra_length' | 'extra' | 'name' | 'comment' | 'checksum';

export class GzipHeader {
  state: 'open' | 'complete' | 'broken' = 'open';
  #part: Part = 'fixed';
  /** Bytes of the part that have come. */
  #count = 0;
  /** Parts that are still to come. */
  #flags = 0;
  #extraLength = 0;

  /** Returns how many of the bytes belong to the header: all of them, unless it is complete or broken. */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.state === 'open') {
      this.#take(bytes[at] ?? 0);
      at += 1;
    }
    return at;
  }

  #take(byte: number): void {
    const index = this.#count;
    this.#count += 1;
    if (this.#part === 'fixed') this.#takeFixed(index, byte);
    else if (this.#part === 'extra_length') this.#extraLength += byte << (8 * index);
    if (this.#isPartOver(byte)) this.#startPart();
  }

  #takeFixed(index: number, byte: number): void {
    if (index === FLAGS_AT) this.#flags = byte;
    const isWrong = index < FLAGS_AT ? byte !== MAGIC[index] : index === FLAGS_AT && (byte & RESERVED_FLAGS) !== 0;
    if (isWrong) this.state = 'broken';
  }

  #isPartOver(byte: number): boolean {
    switch (this.#part) {
      case 'fixed':
        return this.#count === FIXED_BYTES;
      case 'extra':
        return this.#count === this.#extraLength;
      case 'name':
      case 'comment':
        return byte === 0;
      case 'extra_length':
      case 'checksum':
        return this.#count === 2;
    }
  }

  #startPart(): void {
    this.#count = 0;
    if (this.#part === 'extra_length' && this.#extraLength > 0) this.#part = 'extra';
    else if (this.#hasNext(HAS_EXTRA)) this.#part = 'extra_length';
    else if (this.#hasNext(HAS_NAME)) this.#part = 'name';
    else if (this.#hasNext(HAS_COMMENT)) this.#part = 'comment';
    else if (this.#hasNext(HAS_CHECKSUM)) this.#part = 'checksum';
    else if (this.state === 'open') this.state = 'complete';
  }

  #hasNext(flag: number): boolean {
    const has = (this.#flags & flag) !== 0;
    this.#flags &= ~flag;
    return has;
  }
}
