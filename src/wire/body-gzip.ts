/**
 * Decodes gzip (RFC 1952): one member after another, checksums verified, and what follows the last one ignored. A small
 * text is decoded when it is there, at a quarter of the cost; a larger one as it comes, in the thread pool of zlib. It
 * holds copies of what was not decoded yet, so the caller bounds the input.
 */
import { crc32, createInflateRaw, gunzipSync, type InflateRaw } from 'node:zlib';
import { GzipHeader } from './body-gzip-header.ts';

export interface GzipDecoder {
  /** Copies the bytes. */
  push(bytes: Buffer): void;
  /** No more will be pushed; `onEnd` may be called at once. */
  end(): void;
  /** Compressed bytes that were decoded so far. */
  bytesDecoded(): number;
  /** Drops everything; nothing is called back any more. */
  destroy(): void;
}

export type GzipListener = {
  onText(bytes: Buffer): void;
  /** Once, also before `end` when nothing more can come. */
  onEnd(how: GzipEnd): void;
};

/**
 * `cut`: the input ended before the text did. A member whose text is whole and that lacks its checksum is whole, as in
 * browsers.
 */
export type GzipEnd = 'whole' | 'cut' | 'broken';

const TRAILER_BYTES = 8;
/** Each one costs a decoder of its own. */
const MAX_MEMBERS = 256;
const NOTHING: Buffer = Buffer.alloc(0);
/** Most pages fit, and none of this size keeps the thread for a millisecond. */
const MAX_HELD_BYTES = 32_768;
const MAX_TEXT_AT_ONCE = 262_144;

/** `eager`: text is wanted before the end, which may never come. */
export function createGzipDecoder(listener: GzipListener, { eager = false } = {}): GzipDecoder {
  let isHeld = !eager;
  let heldBytes = 0;
  let phase: 'header' | 'text' | 'trailer' | 'over' = 'header';
  let header = new GzipHeader();
  let inflate: InflateRaw | null = null;
  /** What came while the decoder was busy. */
  let waiting: Buffer[] = [];
  /** What the decoder is busy with, and how much it had taken before. */
  let current: { piece: Buffer; takenBefore: number } | null = null;
  /** The trailer as far as it has come. */
  let trailer: Buffer = NOTHING;
  let isEnded = false;
  let isFinishing = false;
  let isMemberEmpty = true;
  let members = 0;
  let decodedBefore = 0;
  let checksum = 0;
  let textBytes = 0;

  function drop(): void {
    phase = 'over';
    waiting = [];
    current = null;
    inflate?.destroy();
  }

  function settle(how: GzipEnd): void {
    drop();
    listener.onEnd(how);
  }

  function finishAtOnce(): boolean {
    const whole = Buffer.concat(waiting);
    const text = decodedAtOnce(whole);
    if (text === null) return false;
    decodedBefore = whole.length;
    listener.onText(text);
    if (phase !== 'over') settle('whole');
    return true;
  }

  function proceed(): void {
    if (current !== null || phase === 'over') return;
    if (waiting.length > 0) {
      const piece = waiting.length === 1 && waiting[0] ? waiting[0] : Buffer.concat(waiting);
      waiting = [];
      take(piece);
    } else if (isEnded) finish();
  }

  function take(piece: Buffer): void {
    if (phase === 'header') takeHeader(piece);
    else if (phase === 'trailer') takeTrailer(piece);
    else inflatePiece(piece);
  }

  function finish(): void {
    if (phase === 'trailer' || (phase === 'header' && isMemberEmpty)) settle('whole');
    else if (inflate === null) settle('cut');
    else if (!isFinishing) {
      isFinishing = true;
      // Only the stream knows whether it was at its end; it says so by `end` or by an error.
      inflate.end();
    }
  }

  function takeHeader(piece: Buffer): void {
    isMemberEmpty = false;
    const taken = header.push(piece);
    if (header.state === 'broken') settle(members === 0 ? 'broken' : 'whole');
    else if (header.state === 'open') proceed();
    else if (members === MAX_MEMBERS) settle('broken');
    else {
      phase = 'text';
      inflate = startInflate();
      if (taken < piece.length) inflatePiece(piece.subarray(taken));
      else proceed();
    }
  }

  function inflatePiece(piece: Buffer): void {
    const stream = inflate;
    if (stream === null) return;
    const takenBefore = stream.bytesWritten;
    current = { piece, takenBefore };
    stream.write(piece, () => {
      // What it leaves is not its own any more, and its `end` follows or has come.
      if (phase !== 'text' || stream !== inflate || stream.bytesWritten - takenBefore < piece.length) return;
      current = null;
      proceed();
    });
  }

  function startInflate(): InflateRaw {
    const started = createInflateRaw();
    const isCurrent = (): boolean => phase === 'text' && started === inflate;
    started.on('data', (text: Buffer) => {
      if (!isCurrent()) return;
      checksum = crc32(text, checksum);
      textBytes += text.length;
      listener.onText(text);
    });
    started.on('error', () => {
      if (isCurrent()) settle(isFinishing ? 'cut' : 'broken');
    });
    started.on('end', () => {
      if (!isCurrent()) return;
      const rest = current === null ? NOTHING : current.piece.subarray(started.bytesWritten - current.takenBefore);
      phase = 'trailer';
      current = null;
      takeTrailer(rest);
    });
    return started;
  }

  function takeTrailer(piece: Buffer): void {
    trailer = trailer.length === 0 ? piece : Buffer.concat([trailer, piece]);
    if (trailer.length < TRAILER_BYTES) {
      proceed();
      return;
    }
    // RFC 1952 section 2.3.1: the length is kept modulo 2^32.
    if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== textBytes >>> 0) settle('broken');
    else startMember(trailer.subarray(TRAILER_BYTES));
  }

  function startMember(rest: Buffer): void {
    members += 1;
    decodedBefore += inflate?.bytesWritten ?? 0;
    inflate?.destroy();
    inflate = null;
    header = new GzipHeader();
    trailer = NOTHING;
    checksum = 0;
    textBytes = 0;
    isMemberEmpty = true;
    phase = 'header';
    if (rest.length > 0) takeHeader(rest);
    else proceed();
  }

  return {
    push(bytes) {
      if (phase === 'over' || bytes.length === 0) return;
      waiting.push(Buffer.from(bytes));
      heldBytes += bytes.length;
      isHeld &&= heldBytes <= MAX_HELD_BYTES;
      if (!isHeld) proceed();
    },
    end() {
      isEnded = true;
      if (!isHeld || waiting.length === 0 || !finishAtOnce()) proceed();
    },
    bytesDecoded: () => decodedBefore + (inflate?.bytesWritten ?? 0),
    destroy: drop,
  };
}

/** Null for anything unusual: the long way says what it is. */
function decodedAtOnce(whole: Buffer): Buffer | null {
  try {
    return gunzipSync(whole, { maxOutputLength: MAX_TEXT_AT_ONCE });
  } catch {
    return null;
  }
}
