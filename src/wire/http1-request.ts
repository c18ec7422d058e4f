/** The bytes of a probe's request: one HTTP/1.1 request on a connection of its own. */

import type { ExchangeRequest, HeaderField } from './exchange.ts';

const LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*$/;

/** Throws TypeError for text that cannot stand in a header: a mistake of the configuration, never of a site. */
export function assertUserAgent(userAgent: string): void {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(userAgent)) {
    throw new TypeError(`user agent ${JSON.stringify(userAgent)} must be 1 to 256 printable ASCII characters`);
  }
}

/**
 * Throws TypeError for fields that would not be one line of one byte a character each. Whoever took them in has refused
 * such a field by better rules and with better words; a value may be a secret, so it is not named here.
 */
export function assertHeaders(headers: readonly HeaderField[]): void {
  const at = headers.findIndex(([name, value]) => !LINE.test(`${name}: ${value}`));
  if (at !== -1) throw new TypeError(`header field ${at + 1} of ${headers.length} cannot be sent`);
}

/** The URL parser has percent-encoded everything that could break a line. Throws TypeError as `assertHeaders` does. */
export function requestBytes(
  { method, url, headers, body }: Pick<ExchangeRequest, 'method' | 'url' | 'headers' | 'body'>,
  userAgent: string,
): string {
  if (headers.length > 0) assertHeaders(headers);
  // The text of a page is asked for only where something is looked for in it, and gzip is all we decode.
  const encoding = body.rules === null ? 'identity' : 'gzip';
  const brings = (lowerCase: string) => headers.some(([name]) => name.toLowerCase() === lowerCase);
  const agent = brings('user-agent') ? '' : `User-Agent: ${userAgent}\r\n`;
  const accept = brings('accept') ? '' : 'Accept: */*\r\n';
  const further = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const start = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
  return `${start}${agent}${accept}Accept-Encoding: ${encoding}\r\n${further}Connection: close\r\n\r\n`;
}
