/** The HTTP/1 phase of an exchange on an open connection: the request goes out, bytes and time go to the reply parser. */
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { ExchangeRequest } from './exchange.ts';
import { createReplyParser } from './http1-parser.ts';
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
  { request, userAgent, clock, deadlines, threw }: RequestReplyOptions,
  done: (result: RequestReply) => void,
): Requesting {
  const { socket } = connection;
  const moments = new ReplyMoments(clock);
  let handedMs = moments.startMs;
  let budget: Timer | null = null;
  let isOver = false;

  const parser = createReplyParser(request, (outcome) => {
    isOver = true;
    budget?.cancel();
    done({ reply: outcome.reply, failure: outcome.failure, timings: moments.timings(outcome) });
  });

  function noteHead(): void {
    moments.noteHead();
    const budgetMs = parser.budgetMs();
    if (budgetMs !== null) budget = deadlines.after(budgetMs, () => parser.onBudget());
  }

  function heard(bytes: Buffer): void {
    try {
      parser.push(bytes);
    } catch (error) {
      if (isOver) throw error;
      isOver = true;
      threw(error);
    }
  }

  connection.listen({
    onData(bytes) {
      moments.noteByte();
      heard(bytes);
      if (!isOver && !moments.isHeadNoted && parser.isHeadDone()) noteHead();
    },
    onEnd: () => parser.end(),
    onError: (code) => parser.stop(code, 'the connection broke'),
  });
  socket.write(requestBytes(request, userAgent), 'latin1', (error) => {
    // TLS tells a turn of the loop late what it has written at once.
    if (!error) moments.noteSent(socket instanceof TLSSocket ? handedMs : clock.monotonicMs());
  });
  handedMs = clock.monotonicMs();
  // libuv writes at once what the kernel takes, which is nearly always all of so small a request.
  if (socket.writableLength === 0) moments.noteSent(handedMs);
  return { giveUp: (code, detail) => parser.stop(code, detail) };
}
