/**
 * The HTTP/2 phase of an exchange on an open TLS connection: one request on one stream, by node:http2. What its events
 * leave open is read from the frames themselves, and all that a server may send beside the content is bounded here.
 */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Timer } from '../lib/clock.ts';
import { createBodyReader, skippedBody } from './body-reader.ts';
import { BodyReading } from './body-reading.ts';
import type { Connection } from './connection.ts';
import type { BodyRead, Reply, WireFailure } from './exchange.ts';
import { cleanValue } from './http1-head.ts';
import { Http2Channel } from './http2-channel.ts';
import { FrameWatch, PREFACE_BYTES } from './http2-frames.ts';
import { requestFields } from './http2-request.ts';
import { ReplyMoments } from './reply-timings.ts';
import type { Requesting, RequestReply, RequestReplyOptions } from './request-reply.ts';

const MAX_FIELDS = 200;
const MAX_FIELD_BYTES = 32_768;
/** What a field takes beside its name and value, as in HTTP/1. */
const FIELD_OVERHEAD_BYTES = 4;
const MAX_INTERIM_REPLIES = 5;
/** Header blocks and frames that carry no content, beside as much as there is content. */
const MAX_OVERHEAD_BYTES = 262_144;
/** What may be on its way to us: a page should not wait for our leave to go on. */
const WINDOW_BYTES = 1_048_576;
/** Pseudo fields, and one more than fits. */
const MORE_FIELDS = 8;
const LENGTH = /^\d{1,15}$/;

const SESSION_OPTIONS = {
  settings: { enablePush: false, maxHeaderListSize: MAX_FIELD_BYTES, initialWindowSize: WINDOW_BYTES },
  maxHeaderListPairs: MAX_FIELDS + MORE_FIELDS,
  maxSessionInvalidFrames: 10,
} as const;

/** As `requestReply`, on a connection for which `h2` was agreed; the socket is left open for the caller to destroy. */
export function requestOverHttp2(
  connection: Connection,
  options: RequestReplyOptions,
  done: (result: RequestReply) => void,
): Requesting {
  const asking = new Http2Asking(connection, options, done);
  asking.start();
  return { giveUp: (code, detail) => asking.stop(code, detail) };
}

type Head = Pick<Reply, 'status' | 'headers'>;

class Http2Asking {
  readonly #connection: Connection;
  readonly #options: RequestReplyOptions;
  readonly #done: (result: RequestReply) => void;
  readonly #moments: ReplyMoments;
  readonly #heard = new FrameWatch();
  readonly #said = new FrameWatch(PREFACE_BYTES);
  readonly #channel: Http2Channel;
  #session: ClientHttp2Session | null = null;
  #stream: ClientHttp2Stream | null = null;
  #interimReplies = 0;
  #reading: BodyReading | null = null;
  #contentBytes = 0;
  #expectedBytes: number | undefined;
  #budget: Timer | null = null;
  #isOver = false;

  constructor(connection: Connection, options: RequestReplyOptions, done: (result: RequestReply) => void) {
    this.#connection = connection;
    this.#options = options;
    this.#done = done;
    this.#moments = new ReplyMoments(options.clock);
    this.#channel = new Http2Channel((bytes) => this.#send(bytes));
    this.#channel.on('error', () => {});
  }

  start(): void {
    this.#guarded(() => {
      this.#connection.socket.setNoDelay(true);
      this.#connection.listen({
        onData: (bytes) => this.#guarded(() => this.#hear(bytes)),
        onEnd: () => this.#closeSoon('CLOSED_BEFORE_REPLY', 'the connection was closed'),
        onError: (code) => this.#closeSoon(code, 'the connection broke'),
      });
      this.#ask();
    });
  }

  /** Ends the exchange in the phase it is in. */
  stop(code: string, detail: string): void {
    if (this.#reading === null) this.#settle(null, { phase: 'http', code, detail });
    else this.#reading.stop(code, detail);
  }

  /** Every entry from outside, the events of node:http2 among them, comes through here. */
  #guarded(step: () => void): void {
    if (this.#isOver) return;
    try {
      step();
    } catch (error) {
      if (this.#isOver) throw error;
      this.#end();
      this.#reading?.destroy();
      this.#options.threw(error);
    }
  }

  #ask(): void {
    const { request, userAgent } = this.#options;
    // Loaded on first use: it takes megabytes in every thread, and few endpoints ask for it.
    const { connect } = process.getBuiltinModule('node:http2');
    const session = connect(request.url.origin, { ...SESSION_OPTIONS, createConnection: () => this.#channel });
    this.#session = session;
    session.on('connect', () => this.#guarded(() => this.#open(session)));
    // What it says of its errors comes to the stream too.
    session.on('error', () => {});
    const stream = session.request(requestFields(request, userAgent), { endStream: true });
    this.#stream = stream;
    stream.on('headers', () => this.#guarded(() => this.#takeInterim()));
    stream.on('response', (_fields, _flags, raw: string[]) => this.#guarded(() => this.#takeHead(raw)));
    stream.on('end', () => this.#guarded(() => this.#streamEnded()));
    stream.on('error', () => {});
    stream.on('close', () => this.#guarded(() => this.#broken()));
  }

  #open(session: ClientHttp2Session): void {
    if (!session.destroyed) session.setLocalWindowSize(WINDOW_BYTES);
  }

  #send(bytes: Buffer): void {
    this.#said.push(bytes);
    const { socket } = this.#connection;
    if (!socket.destroyed) socket.write(bytes);
    if (this.#said.hasHeaders) this.#moments.noteSent(this.#options.clock.monotonicMs());
  }

  #hear(bytes: Buffer): void {
    const taken = this.#heard.push(bytes);
    if (this.#heard.hasHeaders) this.#moments.noteByte();
    // What follows the reply is not for node:http2, which would drop the end of it for an error behind it.
    this.#channel.hear(bytes.subarray(0, taken));
    const { bytes: heardBytes, contentBytes } = this.#heard;
    if (heardBytes - contentBytes > MAX_OVERHEAD_BYTES + contentBytes) {
      this.stop('H2_PROTOCOL', 'the frames outweigh what they carry');
    }
  }

  #takeInterim(): void {
    this.#interimReplies += 1;
    if (this.#interimReplies > MAX_INTERIM_REPLIES) {
      this.stop('TOO_MANY_INTERIM', `more than ${MAX_INTERIM_REPLIES} interim replies`);
    }
  }

  #takeHead(raw: readonly string[]): void {
    const head = headOf(raw);
    if (head === null)
      this.stop('HEADERS_TOO_LARGE', `more than ${MAX_FIELDS} fields or ${MAX_FIELD_BYTES} bytes of them`);
    else this.#startBody(head);
  }

  #startBody(head: Head): void {
    const { request, deadlines } = this.#options;
    this.#moments.noteHead();
    this.#expectedBytes = expectedBytesOf(head, request.method);
    const reader = createBodyReader(head, this.#expectedBytes, request);
    if (reader === null) {
      this.#settle(replyOf(head, skippedBody(head, request)), null);
      return;
    }
    const reading = new BodyReading(reader, (body, failure) => this.#settle(replyOf(head, body), failure));
    this.#reading = reading;
    const budgetMs = reading.budgetMs();
    if (budgetMs !== null) this.#budget = deadlines.after(budgetMs, () => this.#guarded(() => reading.onBudget()));
    // A length that is reached is an end, as in HTTP/1, whether or not the stream is ended in form.
    if (this.#expectedBytes === 0) reading.complete();
    this.#stream?.on('data', (bytes: Buffer) => {
      this.#guarded(() => {
        this.#contentBytes += bytes.length;
        if (!reading.isOpen) return;
        reader.push(bytes);
        if (this.#contentBytes === this.#expectedBytes) reading.complete();
        reading.endIfFull();
        if (reading.isOpen) reader.endRead();
      });
    });
  }

  /** Node says so also where the stream was only cut off; only the frames tell. */
  #streamEnded(): void {
    if (this.#heard.isEnded && this.#reading !== null) this.#reading.complete();
  }

  /** The stream is gone before its reply was whole: for a reason that the frames tell, or because of what they were. */
  #broken(): void {
    const told = this.#heard.goaway ?? this.#heard.resetCode;
    if (this.#reading === null) {
      const { code, detail } = told === null ? this.#refusal() : dismissal(this.#heard);
      this.stop(code, detail);
    } else if (told !== null || this.#isShort()) {
      this.stop('TRUNCATED', told === null ? 'the stream ended inside the body' : dismissal(this.#heard).detail);
    } else this.stop('H2_PROTOCOL', 'the server broke the protocol inside the body');
  }

  /** Node refuses what it cannot take; too many fields it calls by a code of its own. */
  #refusal(): { code: string; detail: string } {
    if (this.#stream?.rstCode === ERROR_NAMES.indexOf('ENHANCE_YOUR_CALM')) {
      return { code: 'HEADERS_TOO_LARGE', detail: `more than ${MAX_FIELDS} fields` };
    }
    return { code: 'H2_PROTOCOL', detail: 'what the server said is not HTTP/2' };
  }

  #isShort(): boolean {
    return this.#heard.isEnded && this.#contentBytes < (this.#expectedBytes ?? 0);
  }

  /** What the connection brought last is still on its way through node:http2, which takes turns of its own. */
  #closeSoon(code: string, detail: string): void {
    setImmediate(() => this.#guarded(() => this.#closed(code, detail)));
  }

  #closed(code: string, detail: string): void {
    if (this.#reading !== null) this.stop(code === 'CLOSED_BEFORE_REPLY' ? 'TRUNCATED' : code, detail);
    else if (this.#heard.goaway === null) this.stop(code, `${detail} before a reply`);
    else {
      const { code: why, detail: words } = dismissal(this.#heard);
      this.stop(why, words);
    }
  }

  #settle(reply: Reply | null, failure: WireFailure | null): void {
    if (this.#isOver) return;
    this.#end();
    const outcome = { reply, failure };
    this.#done({ ...outcome, timings: this.#moments.timings(outcome) });
  }

  #end(): void {
    this.#isOver = true;
    this.#budget?.cancel();
    this.#channel.shut();
    this.#session?.destroy();
  }
}

/** Null for one that is larger than we take from anybody. */
function headOf(raw: readonly string[]): Head | null {
  const headers: Reply['headers'] = [];
  let status = 0;
  let bytes = 0;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]];
    bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
    if (name === ':status') status = Number(value);
    else if (!name.startsWith(':')) headers.push([name, cleanValue(name, value)]);
  }
  return headers.length > MAX_FIELDS || bytes > MAX_FIELD_BYTES ? null : { status, headers };
}

function replyOf({ status, headers }: Head, body: BodyRead): Reply {
  return { protocol: 'HTTP/2', status, headers, body };
}

/** 0 where there is no body. */
function expectedBytesOf({ status, headers }: Head, method: 'GET' | 'HEAD'): number | undefined {
  if (method === 'HEAD' || status === 204 || status === 304) return 0;
  const length = headers.find(([name]) => name === 'content-length')?.[1];
  return length !== undefined && LENGTH.test(length) ? Number(length) : undefined;
}

/** How the server got rid of us, in its own codes. */
function dismissal({ goaway, resetCode }: FrameWatch): { code: 'H2_GOAWAY' | 'H2_REFUSED_STREAM'; detail: string } {
  if (resetCode !== null) {
    return { code: 'H2_REFUSED_STREAM', detail: `the server reset the stream: ${errorName(resetCode)}` };
  }
  return { code: 'H2_GOAWAY', detail: `the server went away: ${errorName(goaway?.code ?? 0)}` };
}

const ERROR_NAMES: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** RFC 9113 section 7. */
function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `error ${code}`;
}
