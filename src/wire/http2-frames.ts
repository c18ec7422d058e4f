/**
 * Reads along in the frames of an HTTP/2 connection (RFC 9113 section 4), one direction of it, and notes what node:http2
 * does not tell: which end broke off and how, and whether the one stream there is came to its own end. It judges nothing.
 */

const HEADER_BYTES = 9;
const STREAM = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const TYPE_AT = 3;
const FLAGS_AT = 4;
const STREAM_AT = 5;
/** Of a payload, as much as any frame is looked into. */
const KEPT_BYTES = 8;

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const GOAWAY = 7;
const CONTINUATION = 9;
/** Stands for what is no frame. */
const PREFACE = -1;

/** What a client says before its first frame. */
export const PREFACE_BYTES = 24;

export class FrameWatch {
  /** Whether a field block of the stream has begun. */
  hasHeaders = false;
  /** Whether the frame that ends the stream has come whole; nothing after it is looked at. */
  isEnded = false;
  /** Error code of RST_STREAM; null when there was none. */
  resetCode: number | null = null;
  /** The first one: later ones can only say the same or less. */
  goaway: { lastStream: number; code: number } | null = null;
  /** All that was looked at. */
  bytes = 0;
  /** Content of the stream, in whole frames, without padding. */
  contentBytes = 0;

  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  readonly #kept = Buffer.alloc(KEPT_BYTES);
  #keptBytes = 0;
  #payloadBytes = 0;
  #payloadLeft: number;
  #type = PREFACE;
  #flags = 0;
  #stream = 0;
  #endsAfterHeaders = false;

  /** `skipBytes` come before the first frame. */
  constructor(skipBytes = 0) {
    this.#payloadLeft = skipBytes;
  }

  /** Returns how many of the bytes were looked at: all of them, unless the stream has ended. */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && !this.isEnded) {
      at = this.#payloadLeft > 0 ? this.#takePayload(bytes, at) : this.#takeHeader(bytes, at);
    }
    this.bytes += at;
    return at;
  }

  #takePayload(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#payloadLeft, bytes.length - at);
    this.#keptBytes += bytes.copy(this.#kept, this.#keptBytes, at, at + taken);
    this.#payloadLeft -= taken;
    if (this.#payloadLeft === 0) this.#endFrame();
    return at + taken;
  }

  #takeHeader(bytes: Buffer, at: number): number {
    const taken = bytes.copy(this.#header, this.#headerBytes, at);
    this.#headerBytes += taken;
    if (this.#headerBytes === HEADER_BYTES) this.#startFrame();
    return at + taken;
  }

  #startFrame(): void {
    this.#headerBytes = 0;
    this.#keptBytes = 0;
    this.#payloadBytes = this.#header.readUIntBE(0, TYPE_AT);
    this.#payloadLeft = this.#payloadBytes;
    this.#type = this.#header.readUInt8(TYPE_AT);
    this.#flags = this.#header.readUInt8(FLAGS_AT);
    // Its first bit is reserved.
    this.#stream = this.#header.readUInt32BE(STREAM_AT) & 0x7fffffff;
    if (this.#type === HEADERS && this.#stream === STREAM) {
      this.hasHeaders = true;
      this.#endsAfterHeaders = this.#has(END_STREAM);
    }
    if (this.#payloadLeft === 0) this.#endFrame();
  }

  #endFrame(): void {
    if (this.#type === GOAWAY && this.#keptBytes === KEPT_BYTES) {
      this.goaway ??= { lastStream: this.#kept.readUInt32BE(0) & 0x7fffffff, code: this.#kept.readUInt32BE(4) };
    }
    if (this.#stream !== STREAM) return;
    if (this.#type === RST_STREAM && this.#keptBytes >= 4) this.resetCode ??= this.#kept.readUInt32BE(0);
    else if (this.#type === DATA) {
      const padding = this.#has(PADDED) && this.#keptBytes > 0 ? 1 + this.#kept.readUInt8(0) : 0;
      this.contentBytes += Math.max(0, this.#payloadBytes - padding);
      this.isEnded ||= this.#has(END_STREAM);
    } else if (this.#type === HEADERS || this.#type === CONTINUATION) {
      this.isEnded ||= this.#endsAfterHeaders && this.#has(END_HEADERS);
    }
  }

  #has(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }
}
