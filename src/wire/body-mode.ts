/** Whether and how far the body of a reply is read (spec/03 section 5.6), from its head alone. */
import type { BodyMode, ExchangeRequest } from './exchange.ts';

/** What of a head decides how its body is read. */
export type BodyHead = {
  status: number;
  isEventStream: boolean;
  /** Value of Content-Encoding, of several fields joined by commas; null when there was none. */
  contentEncoding: string | null;
  /** The transfer hides the text, by a coding other than chunks. */
  isTransferCoded: boolean;
};

export type BodyAsker = Pick<ExchangeRequest, 'method' | 'body' | 'meaningOf'>;

export type BodyPlan = {
  mode: BodyMode;
  limitBytes: number;
  /** Null leaves it to the deadline. */
  budgetMs: number | null;
};

/** The start of an error page says enough. */
const ERROR_PAGE_BYTES = 16_384;
const MAX_ENCODING_LENGTH = 100;

export function isEventStreamType(contentType: string): boolean {
  return /^text\/event-stream\b/i.test(contentType);
}

export function bodyPlanOf(head: BodyHead, expectedBytes: number | undefined, asker: BodyAsker): BodyPlan {
  const { method, body, meaningOf } = asker;
  const { maxBytes, maxMs, rules, rulesMaxBytes, rulesMaxMs } = body;
  const meaning = meaningOf(head.status);
  // A reply to HEAD has no text that anything could be missing in.
  if (meaning === 'success' && rules !== null && method === 'GET') {
    return { mode: 'keyword', limitBytes: rulesMaxBytes, budgetMs: rulesMaxMs > 0 ? rulesMaxMs : null };
  }
  if (meaning === 'redirect' || maxBytes === 0 || isEndless(head)) {
    return { mode: 'skipped', limitBytes: maxBytes, budgetMs: null };
  }
  if (meaning === 'error') {
    return { mode: 'error_excerpt', limitBytes: Math.min(ERROR_PAGE_BYTES, maxBytes), budgetMs: maxMs };
  }
  if (expectedBytes !== undefined && expectedBytes <= maxBytes) {
    return { mode: 'strict_finite', limitBytes: maxBytes, budgetMs: null };
  }
  return { mode: 'success_budgeted', limitBytes: maxBytes, budgetMs: maxMs };
}

/** Content that has no end by its nature; it is read only where something is looked for. */
export function isEndless({ status, isEventStream }: Pick<BodyHead, 'status' | 'isEventStream'>): boolean {
  return status === 101 || isEventStream;
}

/** The codings of the content in lower case, as one bounded text; `identity` when there are none. */
export function encodingOf({ contentEncoding }: Pick<BodyHead, 'contentEncoding'>): string {
  if (contentEncoding === null) return 'identity';
  const codings = contentEncoding.split(',').map((coding) => coding.trim().toLowerCase());
  const real = codings.filter((coding) => coding !== '' && coding !== 'identity');
  return real.length === 0 ? 'identity' : real.join(', ').slice(0, MAX_ENCODING_LENGTH);
}
