/**
 * Which header fields a site may have sent with its probes (RFC 9110 section 5). Values may be secrets: what is said of a
 * field calls it by its name, never by its value, and not even by a name that is none, for a value may stand there. Pure.
 */

export type RequestHeader = readonly [name: string, value: string];

export const MAX_HEADERS = 20;
/** All of them together as they are sent, with the colon, the space and the line end of each. */
export const MAX_HEADER_BYTES = 4_096;
const LINE_OVERHEAD = 4;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** Visible characters, spaces and tabs, and the upper half of Latin-1, which servers take as bytes. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** HTTP/2 refuses a space at either end, and HTTP/1 takes it away. */
const SPACE_AT_AN_END = /^[\t ]|[\t ]$/;

/** Fields that frame a message or belong to one connection, and what we can decode: the prober's own to say. */
const OURS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names that readers of JSON lose or refuse, so that a field of that name would be sent on some ways and not on others. */
const LOST_IN_JSON: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What is wrong with one field, with the fix; null when it may be sent. */
export function headerProblem(name: string, value: string): string | null {
  if (!NAME.test(name)) {
    return "a header name must be 1 to 100 letters, digits or !#$%&'*+-.^_`|~; write it without colon or spaces";
  }
  const lowerCase = name.toLowerCase();
  if (lowerCase === 'host')
    return 'header Host says what the URL says; leave it out, and watch another URL if you mean it';
  if (OURS.has(lowerCase) || lowerCase.startsWith('proxy-')) return `header ${name} is the prober's own; leave it out`;
  if (LOST_IN_JSON.has(name)) return `header ${name} has a name that JSON cannot carry; leave it out`;
  if (!VALUE.test(value)) {
    return `the value of header ${name} holds a character that cannot be sent; use printable ASCII or Latin-1, on one line`;
  }
  if (SPACE_AT_AN_END.test(value)) return `the value of header ${name} starts or ends with a space; take it away`;
  return null;
}

/** What is wrong with all of them together, or with the first that may not be sent; null when they may. */
export function headersProblem(headers: readonly RequestHeader[]): string | null {
  if (headers.length > MAX_HEADERS) return `there are ${headers.length} headers; keep at most ${MAX_HEADERS}`;
  const names = new Set<string>();
  let bytes = 0;
  for (const [name, value] of headers) {
    const problem = headerProblem(name, value);
    if (problem !== null) return problem;
    if (names.has(name.toLowerCase())) return `header ${name} is there twice; capitals make no difference, keep one`;
    names.add(name.toLowerCase());
    bytes += name.length + value.length + LINE_OVERHEAD;
  }
  return bytes > MAX_HEADER_BYTES
    ? `the headers are longer than ${MAX_HEADER_BYTES} bytes; shorten or drop some`
    : null;
}

/** A value without the spaces around it that are no part of it. */
export function withoutOuterSpace(value: string): string {
  return value.replace(/^[\t ]+|[\t ]+$/g, '');
}
