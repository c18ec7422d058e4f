/**
 * One HTTP/1 reply from its bytes: the head, then the body as far as it is wanted (spec/03 section 5.6). It owns no socket
 * and no clock. A class, because every check makes one and reads through it.
 */
import { type ContentReader, createContentReader, skippedRead } from './body-reader.ts';
import { BodyReading } from './body-reading.ts';
import type { BodyRead, ExchangeRequest, HttpCode, Reply, WireFailure } from './exchange.ts';
import { ChunkedBody } from './http1-chunked.ts';
import { bodyFraming } from './http1-framing.ts';
import type { ReplyHead } from './http1-head.ts';
import { HeadParser } from './http1-head-parser.ts';
import type { ReplyOutcome } from './reply-timings.ts';

export interface ReplyParser {
  push(bytes: Buffer): void;
  /** The peer ended the connection in order. */
  end(): void;
  /**
   * The exchange stops for a reason outside the bytes: an error of the socket, or DEADLINE. It ends in the phase it is
   * in; a body that was whole before is not hurt by an error.
   */
  stop(code: string, detail: string): void;
  /** The time that `budgetMs` named has passed. */
  onBudget(): void;
  /** True once the final header block is whole. */
  isHeadDone(): boolean;
  /** False while text is still decoded of which every byte that is wanted has come. */
  wantsBytes(): boolean;
  /** Ms after which `onBudget` wants to be called, from the moment the head was done; null for none. */
  budgetMs(): number | null;
}

type Asker = Pick<ExchangeRequest, 'method' | 'body' | 'meaningOf'>;

/** `onOutcome` is called exactly once, possibly inside `push`, `end`, `stop` or `onBudget`. */
export function createReplyParser(asker: Asker, onOutcome: (outcome: ReplyOutcome) => void): ReplyParser {
  return new Http1ReplyParser(asker, onOutcome);
}

class Http1ReplyParser implements ReplyParser {
  readonly #asker: Asker;
  readonly #onOutcome: (outcome: ReplyOutcome) => void;
  readonly #headParser = new HeadParser();
  #phase: 'head' | 'body' | 'over' = 'head';
  #reader: ContentReader | null = null;
  #reading: BodyReading | null = null;
  /** Of a body of known length; null where only the framing or the close says where it ends. */
  #bytesLeft: number | null = null;
  #chunked: ChunkedBody | null = null;

  constructor(asker: Asker, onOutcome: (outcome: ReplyOutcome) => void) {
    this.#asker = asker;
    this.#onOutcome = onOutcome;
  }

  push(bytes: Buffer): void {
    if (this.#phase === 'head') this.#takeHead(bytes);
    else if (this.#reader !== null && this.#reading?.isOpen) this.#takeBody(this.#reader, this.#reading, bytes, 0);
  }

  end(): void {
    if (this.#phase === 'head') {
      this.#failHead('CLOSED_BEFORE_REPLY', 'the connection was closed before a whole header block');
    } else if (this.#bytesLeft === null && this.#chunked === null) this.#reading?.complete();
    else this.#reading?.breakOff('TRUNCATED', 'the connection was closed inside the body');
  }

  stop(code: string, detail: string): void {
    if (this.#phase === 'head') this.#failHead(code, detail);
    else this.#reading?.stop(code, detail);
  }

  onBudget(): void {
    this.#reading?.onBudget();
  }

  isHeadDone(): boolean {
    return this.#headParser.head !== null;
  }

  wantsBytes(): boolean {
    return this.#reading === null || this.#reading.isOpen;
  }

  budgetMs(): number | null {
    return this.#reading === null ? null : this.#reading.budgetMs();
  }

  #takeHead(bytes: Buffer): void {
    const taken = this.#headParser.push(bytes);
    const { head, failure } = this.#headParser;
    if (failure !== null) this.#failHead(failure.code, failure.detail);
    else if (head !== null) this.#startBody(head, bytes, taken);
  }

  #startBody(head: ReplyHead, bytes: Buffer, at: number): void {
    const framing = bodyFraming(head, this.#asker.method);
    if (framing.kind === 'invalid' && this.#asker.meaningOf(head.status) === 'success') {
      this.#skipBody(head, { phase: 'http', code: 'BAD_FRAMING', detail: framing.detail });
      return;
    }
    const length = framing.kind === 'length' ? framing.bytes : undefined;
    const reader = createContentReader(head, length, this.#asker);
    if (reader === null) {
      this.#skipBody(head, null);
      return;
    }
    this.#phase = 'body';
    this.#reader = reader;
    // Of a page whose status is an error, only the start is wanted: a length that cannot be believed does no harm.
    this.#bytesLeft = length ?? null;
    if (framing.kind === 'chunked') this.#chunked = new ChunkedBody(reader);
    this.#reading = new BodyReading(reader, (body, failure) => this.#settle(new Http1Reply(head, body), failure));
    this.#takeBody(reader, this.#reading, bytes, at);
  }

  #skipBody(head: ReplyHead, failure: WireFailure | null): void {
    this.#settle(new Http1Reply(head, skippedRead(head, this.#asker)), failure);
  }

  #takeBody(reader: ContentReader, reading: BodyReading, bytes: Buffer, at: number): void {
    if (this.#chunked !== null) {
      this.#chunked.push(bytes, at);
      if (this.#chunked.state === 'complete') reading.complete();
    } else if (this.#bytesLeft === null) reader.take(bytes, at, bytes.length);
    else {
      const end = Math.min(bytes.length, at + this.#bytesLeft);
      this.#bytesLeft -= end - at;
      reader.take(bytes, at, end);
      if (this.#bytesLeft === 0) reading.complete();
    }
    reading.endIfFull();
    if (this.#chunked?.state === 'malformed') reading.breakOff('BAD_CHUNKING', 'the chunked body is malformed');
    if (reading.isOpen) reader.endRead();
  }

  #failHead(code: HttpCode | string, detail: string): void {
    this.#settle(null, { phase: 'http', code, detail });
  }

  #settle(reply: Reply | null, failure: WireFailure | null): void {
    this.#phase = 'over';
    this.#onOutcome({ reply, failure });
  }
}

/** Its fields are made of text when somebody looks at them, which few do. */
class Http1Reply implements Reply {
  readonly protocol: Reply['protocol'];
  readonly status: number;
  readonly body: BodyRead;
  readonly #head: ReplyHead;

  constructor(head: ReplyHead, body: BodyRead) {
    this.protocol = head.protocol;
    this.status = head.status;
    this.body = body;
    this.#head = head;
  }

  get headers(): Reply['headers'] {
    return this.#head.headers;
  }
}
