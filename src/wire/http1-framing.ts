/** Where the body of an HTTP/1 reply ends (RFC 9112 section 6). */
import { type BodyCounter, countLength, countUntilClose } from './body-counter.ts';
import { createChunkedCounter } from './http1-chunked.ts';
import type { ReplyHead } from './http1-head.ts';

export type BodyFraming =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  /** The end of the connection is the end of the body. */
  | { kind: 'close' }
  | { kind: 'invalid'; detail: string };

export function bodyFraming(head: ReplyHead, method: 'GET' | 'HEAD'): BodyFraming {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return { kind: 'none' };
  const codings = listOf(head, 'transfer-encoding');
  // Section 6.3: a transfer coding overrides any length; if the last one is not chunked, the end is the close.
  if (codings.length > 0)
    return { kind: codings[codings.length - 1]?.toLowerCase() === 'chunked' ? 'chunked' : 'close' };
  const lengths = listOf(head, 'content-length');
  const [length] = lengths;
  if (length === undefined) return { kind: 'close' };
  // Section 6.3: the same length said twice may be believed; two different ones, or no number, never.
  if (!/^\d{1,15}$/.test(length) || lengths.some((other) => other !== length)) {
    return { kind: 'invalid', detail: `Content-Length ${JSON.stringify(lengths.join(', ').slice(0, 60))}` };
  }
  return Number(length) === 0 ? { kind: 'none' } : { kind: 'length', bytes: Number(length) };
}

/** Members of a comma-separated field, over all its lines; an empty member counts, for an empty length is no length. */
function listOf(head: ReplyHead, name: string): string[] {
  return head.headers.filter(([one]) => one === name).flatMap(([, value]) => value.split(',').map((one) => one.trim()));
}

/** `invalid` framing has no body that could be counted; refuse it before. */
export function createBodyCounter(framing: Exclude<BodyFraming, { kind: 'invalid' }>): BodyCounter {
  switch (framing.kind) {
    case 'none':
      return countLength(0);
    case 'length':
      return countLength(framing.bytes);
    case 'close':
      return countUntilClose();
    case 'chunked':
      return createChunkedCounter();
  }
}
