/**
 * Takes a chunked body out of its framing (RFC 9112 section 7.1). Extensions and trailers are read past, within bounds,
 * and ignored. Byte by byte, because a page may come in very many chunks.
 */

/** Who gets the content: a part of the bytes that were pushed. */
export type ChunkListener = {
  take(bytes: Buffer, from: number, to: number): void;
  /** Nothing after this is looked at. */
  isFull(): boolean;
};

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const SEMICOLON = 59;
const DIGIT_0 = 48;
const LETTER_A = 97;
const TO_LOWER_CASE = 32;
/** Zeros before the size do not count. */
const MAX_SIZE = 16 ** 12;
const MAX_LINE_BYTES = 1_024;
/** Extensions and trailers together: framing must not outweigh the limits on content. */
const MAX_OVERHEAD_BYTES = 16_384;
/** What a size line may take before it counts as overhead. */
const FREE_LINE_BYTES = 16;

/** `padding`: spaces after the size, which are against the grammar and sent by real servers. */
type Place = 'size' | 'padding' | 'extension' | 'size_end' | 'data' | 'data_end' | 'trailer';

export class ChunkedBody {
  state: 'open' | 'complete' | 'malformed' = 'open';

  readonly #listener: ChunkListener;
  #place: Place = 'size';
  #chunkLeft = 0;
  /** Of the line that is read now, its end included. */
  #lineBytes = 0;
  #hasDigit = false;
  /** Of the trailer line, all but the CR that may end it. */
  #isLineEmpty = true;
  /** The CR of the line end after a chunk's data has come. */
  #isCrSeen = false;
  #overhead = 0;

  constructor(listener: ChunkListener) {
    this.#listener = listener;
  }

  push(bytes: Buffer, from: number): void {
    let at = from;
    while (at < bytes.length && this.state === 'open') {
      if (this.#place === 'data') {
        at = this.#takeData(bytes, at);
        if (this.#listener.isFull()) return;
      } else {
        this.#takeFraming(bytes[at] ?? 0);
        at += 1;
      }
    }
  }

  #takeData(bytes: Buffer, at: number): number {
    const end = at + Math.min(this.#chunkLeft, bytes.length - at);
    this.#chunkLeft -= end - at;
    if (this.#chunkLeft === 0) this.#place = 'data_end';
    this.#listener.take(bytes, at, end);
    return end;
  }

  #takeFraming(byte: number): void {
    if (this.#place === 'data_end') this.#takeDataEnd(byte);
    else {
      this.#lineBytes += 1;
      if (this.#place === 'trailer') this.#takeTrailer(byte);
      else this.#takeSizeLine(byte);
      if (this.#lineBytes > MAX_LINE_BYTES || this.#overhead > MAX_OVERHEAD_BYTES) this.state = 'malformed';
    }
  }

  /** The line end after a chunk's data; a bare LF is tolerated as everywhere. */
  #takeDataEnd(byte: number): void {
    if (byte === LF) {
      this.#place = 'size';
      this.#isCrSeen = false;
    } else if (byte === CR && !this.#isCrSeen) this.#isCrSeen = true;
    else this.state = 'malformed';
  }

  #takeSizeLine(byte: number): void {
    const digit = this.#place === 'size' ? hexValue(byte) : -1;
    if (digit >= 0) {
      this.#hasDigit = true;
      this.#chunkLeft = this.#chunkLeft * 16 + digit;
      if (this.#chunkLeft >= MAX_SIZE) this.state = 'malformed';
    } else if (!this.#hasDigit) this.state = 'malformed';
    else if (byte === LF) this.#endSizeLine();
    else this.#place = placeAfter(this.#place, byte) ?? this.#refuse();
  }

  #refuse(): Place {
    this.state = 'malformed';
    return this.#place;
  }

  #endSizeLine(): void {
    this.#overhead += Math.max(0, this.#lineBytes - FREE_LINE_BYTES);
    this.#lineBytes = 0;
    this.#hasDigit = false;
    this.#place = this.#chunkLeft === 0 ? 'trailer' : 'data';
  }

  #takeTrailer(byte: number): void {
    this.#overhead += 1;
    if (byte !== LF) {
      if (byte !== CR || this.#lineBytes > 1) this.#isLineEmpty = false;
      return;
    }
    if (this.#isLineEmpty) this.state = 'complete';
    this.#lineBytes = 0;
    this.#isLineEmpty = true;
  }
}

/** Where a byte behind the size leads; null where none may stand. */
function placeAfter(place: Place, byte: number): Place | null {
  if (place === 'size_end') return null;
  if (byte === CR) return 'size_end';
  if (place === 'extension' || byte === SEMICOLON) return 'extension';
  return byte === SPACE || byte === TAB ? 'padding' : null;
}

/** -1 for what is no hexadecimal digit. */
function hexValue(byte: number): number {
  const digit = byte - DIGIT_0;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (byte | TO_LOWER_CASE) - LETTER_A;
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}
