/** The HTTP/1 phase of an exchange on an open connection: the request goes out, bytes and time go to the reply parser. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Connection, SocketListener } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { ExchangeRequest } from './exchange.ts';
import { createReplyParser, type ReplyParser } from './http1-parser.ts';
import { requestBytes } from './http1-request.ts';
import { ReplyMoments, type ReplyOutcome, type ReplyTimings } from './reply-timings.ts';

export type RequestReplyOptions = {
  request: Pick<ExchangeRequest, 'method' | 'url' | 'headers' | 'body' | 'meaningOf'>;
  userAgent: string;
  deadlines: Deadlines;
  clock: Clock;
  /** For a bug of ours, in place of `done`. */
  threw: (error: unknown) => void;
};

export type RequestReply = ReplyOutcome & { timings: ReplyTimings };

/** A request whose reply is not whole; `giveUp` ends it in the phase it is in, and `done` is called before it returns. */
export interface Requesting {
  giveUp(code: string, detail: string): void;
}

/** Calls `done` once, when the reply is read as far as it is wanted. */
export function requestReply(
  connection: Connection,
  options: RequestReplyOptions,
  done: (result: RequestReply) => void,
): Requesting {
  const asking = new Http1Asking(connection.socket, options, done);
  connection.listen(asking);
  asking.send();
  return asking;
}

/** One request and its reply; a class, because every check makes one. */
class Http1Asking implements Requesting, SocketListener {
  readonly #socket: Socket;
  readonly #options: RequestReplyOptions;
  readonly #done: (result: RequestReply) => void;
  readonly #moments: ReplyMoments;
  readonly #parser: ReplyParser;
  #budget: Timer | null = null;
  #isOver = false;

  constructor(socket: Socket, options: RequestReplyOptions, done: (result: RequestReply) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#done = done;
    this.#moments = new ReplyMoments(options.clock);
    this.#parser = createReplyParser(options.request, (outcome) => this.#end(outcome));
  }

  send(): void {
    if (this.#isOver) return;
    const { request, userAgent, clock } = this.#options;
    const socket = this.#socket;
    let handedMs = this.#moments.startMs;
    const written = (error?: Error | null): void => {
      // TLS tells a turn of the loop late what it has written at once.
      if (!error) this.#moments.noteSent(socket instanceof TLSSocket ? handedMs : clock.monotonicMs());
    };
    socket.write(requestBytes(request, userAgent), 'latin1', written);
    handedMs = clock.monotonicMs();
    // libuv writes at once what the kernel takes, which is nearly always all of so small a request.
    if (socket.writableLength === 0) this.#moments.noteSent(handedMs);
  }

  onData(bytes: Buffer): void {
    this.#moments.noteByte();
    try {
      this.#parser.push(bytes);
      if (!this.#isOver && !this.#moments.isHeadNoted && this.#parser.isHeadDone()) this.#noteHead();
    } catch (error) {
      this.#break(error);
    }
    // Whoever sends without end must not do so for as long as the decoding of what was taken lasts.
    if (!this.#isOver && !this.#parser.wantsBytes()) this.#socket.pause();
  }

  onEnd(): void {
    try {
      this.#parser.end();
    } catch (error) {
      this.#break(error);
    }
  }

  onError(code: string): void {
    this.giveUp(code, 'the connection broke');
  }

  giveUp(code: string, detail: string): void {
    try {
      this.#parser.stop(code, detail);
    } catch (error) {
      this.#break(error);
    }
  }

  #noteHead(): void {
    this.#moments.noteHead();
    const budgetMs = this.#parser.budgetMs();
    if (budgetMs !== null) this.#budget = this.#options.deadlines.after(budgetMs, () => this.#budgetPassed());
  }

  #budgetPassed(): void {
    try {
      this.#parser.onBudget();
    } catch (error) {
      this.#break(error);
    }
  }

  /** An error of ours. After the request is over it is that of whoever was told. */
  #break(error: unknown): void {
    if (this.#isOver) throw error;
    this.#isOver = true;
    this.#budget?.cancel();
    this.#options.threw(error);
  }

  #end({ reply, failure }: ReplyOutcome): void {
    this.#isOver = true;
    this.#budget?.cancel();
    this.#done({ reply, failure, timings: this.#moments.timings({ reply, failure }) });
  }
}
