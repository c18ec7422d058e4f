/** The HTTP phase of an exchange on an open connection: the request goes out, bytes and time go to the reply parser. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { BodyLimits } from './exchange.ts';
import { createReplyParser, type ReplyOutcome } from './http1-parser.ts';

export type RequestReplyOptions = {
  method: 'GET' | 'HEAD';
  /** The whole request, ASCII. */
  request: string;
  body: BodyLimits;
  deadlineMs: number;
  deadlines: Deadlines;
  clock: Clock;
};

/** Request written to first byte, and first byte to the end of reading, ms; absent when it did not come so far. */
export type ReplyTimings = { ttfb?: number; body?: number };

export function requestReply(
  connection: Connection,
  options: RequestReplyOptions,
): Promise<ReplyOutcome & { timings: ReplyTimings }> {
  const { clock, deadlines, body } = options;
  return new Promise((resolve) => {
    const parser = createReplyParser(options.method, body);
    const writtenAtMs = clock.monotonicMs();
    let firstByteAtMs: number | null = null;
    let budget: Timer | null = null;
    const alarm = deadlines.at(options.deadlineMs, () => {
      // A body that is read within a budget is enough wherever it stops; any other reply is late now.
      parser.endBudget();
      parser.stop('DEADLINE', 'no end before the deadline');
      settleIfOver();
    });

    function settleIfOver(): void {
      const outcome = parser.outcome();
      if (outcome === null) return;
      alarm.cancel();
      budget?.cancel();
      connection.listen(null);
      resolve({ ...outcome, timings: timingsOf(outcome, writtenAtMs, firstByteAtMs, clock.monotonicMs()) });
    }

    connection.listen({
      onData(bytes) {
        firstByteAtMs ??= clock.monotonicMs();
        parser.push(bytes);
        if (budget === null && parser.isBudgeted()) {
          budget = deadlines.after(body.maxMs, () => {
            parser.endBudget();
            settleIfOver();
          });
        }
        settleIfOver();
      },
      onEnd() {
        parser.end();
        settleIfOver();
      },
      onError(code) {
        parser.stop(code, 'the connection broke');
        settleIfOver();
      },
    });
    connection.socket.write(options.request, 'latin1');
  });
}

function timingsOf(
  { reply, failure }: ReplyOutcome,
  writtenAtMs: number,
  firstByteAtMs: number | null,
  nowMs: number,
): ReplyTimings {
  if (firstByteAtMs === null) return {};
  const ttfb = firstByteAtMs - writtenAtMs;
  const isBodyRead = failure === null && reply !== null && reply.body.mode !== 'skipped';
  return isBodyRead ? { ttfb, body: nowMs - firstByteAtMs } : { ttfb };
}
