/** Whole HTTP/1 replies read from text, without a socket. */
import { createReplyParser, type ReplyParser } from '../../src/wire/http1-parser.ts';
import type { ReplyOutcome } from '../../src/wire/reply-timings.ts';
import { type AskOptions, requestFor } from './wire.ts';

/** Small, so that a body goes beyond them easily. */
const LIMITS: AskOptions = { maxBytes: 100, maxMs: 250 };

export type Reading = { parser: ReplyParser; outcomes: ReplyOutcome[] };

export function openReply(options: AskOptions = {}): Reading {
  const outcomes: ReplyOutcome[] = [];
  return { parser: createReplyParser(requestFor({ ...LIMITS, ...options }), (one) => outcomes.push(one)), outcomes };
}

/** What comes of a text, one byte per character; `end` closes the connection after it. Null while it is not over. */
export function readReply(
  text: string,
  { end = true, ...options }: AskOptions & { end?: boolean } = {},
): ReplyOutcome | null {
  const { parser, outcomes } = openReply(options);
  parser.push(Buffer.from(text, 'latin1'));
  if (end) parser.end();
  if (outcomes.length > 1) throw new Error('a second outcome');
  return outcomes[0] ?? null;
}

export const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;
