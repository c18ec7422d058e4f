/**
 * One HTTP/1 reply from its bytes: the head, then the body as far as the limits want it (spec/03 section 5.6). It owns
 * no socket and no clock; whoever feeds it stops at the outcome.
 */

import type { BodyCounter } from './body-counter.ts';
import type { BodyLimits, BodyRead, Reply, WireFailure } from './exchange.ts';
import { bodyFraming, createBodyCounter } from './http1-framing.ts';
import { createHeadParser, type ReplyHead } from './http1-head.ts';

export interface ReplyParser {
  push(bytes: Buffer): void;
  /** The peer ended the connection in order. */
  end(): void;
  /** The exchange stops for a reason outside the bytes: an error of the socket, the deadline. */
  stop(code: string, detail: string): void;
  /** The time budget of the body is used up: what was read is enough. */
  endBudget(): void;
  /** Null while more bytes are wanted; after that nothing changes. */
  outcome(): ReplyOutcome | null;
  /** True while a body of unknown or too large length is being read. */
  isBudgeted(): boolean;
}

export type ReplyOutcome = { reply: Reply | null; failure: WireFailure | null };

type Reading = { head: ReplyHead; counter: BodyCounter; body: BodyRead };

export function createReplyParser(method: 'GET' | 'HEAD', limits: BodyLimits): ReplyParser {
  const headParser = createHeadParser();
  let reading: Reading | null = null;
  let outcome: ReplyOutcome | null = null;

  function takeHead(bytes: Buffer): void {
    const taken = headParser.push(bytes);
    const refused = headParser.failure();
    const head = headParser.head();
    if (refused !== null) outcome = { reply: null, failure: { phase: 'http', ...refused } };
    else if (head !== null) startBody(head, bytes.subarray(taken));
  }

  function startBody(head: ReplyHead, rest: Buffer): void {
    const framing = skipsBody(head) ? null : bodyFraming(head, method);
    if (framing === null || framing.kind === 'invalid') {
      const failure: WireFailure | null =
        framing === null ? null : { phase: 'http', code: 'BAD_FRAMING', detail: framing.detail };
      outcome = { reply: { ...head, body: startOfBody(limits, null) }, failure };
      return;
    }
    const expected = framing.kind === 'length' ? framing.bytes : framing.kind === 'none' ? 0 : undefined;
    reading = { head, counter: createBodyCounter(framing), body: startOfBody(limits, { expected }) };
    takeBody(reading, rest);
  }

  function takeBody({ counter, body }: Reading, bytes: Buffer): void {
    counter.push(bytes);
    const isFull = body.mode === 'success_budgeted' && counter.bytes() >= limits.maxBytes;
    if (counter.state() === 'bad_chunking') stop('BAD_CHUNKING', 'the chunked body is malformed');
    else if (counter.state() === 'complete' || isFull) finish();
  }

  function finish(): void {
    outcome = { reply: reading === null ? null : replyOf(reading), failure: null };
  }

  /** Ends in the phase the exchange is in. */
  function stop(code: string, detail: string): void {
    if (outcome !== null) return;
    outcome =
      reading === null
        ? { reply: null, failure: { phase: 'http', code, detail } }
        : { reply: replyOf(reading), failure: { phase: 'body', code, detail: `${detail}: ${progressOf(reading)}` } };
  }

  return {
    push(bytes) {
      if (outcome !== null) return;
      if (reading === null) takeHead(bytes);
      else takeBody(reading, bytes);
    },
    end() {
      if (outcome !== null) return;
      if (reading === null) stop('CLOSED_BEFORE_REPLY', 'the connection was closed before a whole header block');
      else if (reading.counter.close() === 'complete') finish();
      else stop('TRUNCATED', 'the connection was closed inside the body');
    },
    stop,
    endBudget() {
      if (outcome === null && reading?.body.mode === 'success_budgeted') finish();
    },
    outcome: () => outcome,
    isBudgeted: () => outcome === null && reading?.body.mode === 'success_budgeted',
  };
}

/** Bodies that say nothing more about health, or never end. */
function skipsBody({ status, headers }: ReplyHead): boolean {
  if (status >= 400 || status === 101) return true;
  const has = (wanted: string, pattern: RegExp) =>
    headers.some(([name, value]) => name === wanted && pattern.test(value));
  return (status >= 300 && has('location', /./)) || has('content-type', /^text\/event-stream\b/i);
}

/** Null stands for a body that is not read. */
function startOfBody({ maxBytes }: BodyLimits, read: { expected: number | undefined } | null): BodyRead {
  const nothing = { bytesRead: 0, limitBytes: maxBytes, complete: false } as const;
  if (read === null) return { mode: 'skipped', ...nothing };
  if (read.expected === undefined) return { mode: 'success_budgeted', ...nothing };
  const mode = read.expected <= maxBytes ? 'strict_finite' : 'success_budgeted';
  return { mode, ...nothing, expectedBytes: read.expected };
}

/** The last read may have brought more than was asked for; what is beyond the limit does not count. */
function replyOf({ head, counter, body }: Reading): Reply {
  const bytesRead = Math.min(counter.bytes(), body.limitBytes);
  return { ...head, body: { ...body, bytesRead, complete: counter.state() === 'complete' } };
}

function progressOf({ counter, body }: Reading): string {
  return `${counter.bytes()} of ${body.expectedBytes ?? 'an unknown number of'} bytes read`;
}
