/**
 * The stream that node:http2 speaks over: it lies between a session and a connection that stays ours, so that every byte
 * is seen on its way, and the socket outlives the session as evidence.
 */
import { Duplex } from 'node:stream';

export class Http2Channel extends Duplex {
  readonly #send: (bytes: Buffer) => void;
  #waiting: Buffer[] = [];
  #isShut = false;

  constructor(send: (bytes: Buffer) => void) {
    super();
    this.#send = send;
  }

  /** Bytes of the peer; they are copied. */
  hear(bytes: Buffer): void {
    if (!this.#isShut && bytes.length > 0) this.push(Buffer.from(bytes));
  }

  /** Nothing is sent any more, whatever the session still has to say. */
  shut(): void {
    this.#isShut = true;
    this.#waiting = [];
  }

  override _read(): void {}

  /** What a session says bit by bit in one turn of the loop goes out as one. */
  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#isShut) {
      this.#waiting.push(bytes);
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    }
    done();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    if (bytes.length > 0) this.#send(bytes);
  }
}
