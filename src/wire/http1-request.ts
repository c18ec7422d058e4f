/** The bytes of a probe's request: one HTTP/1.1 request on a connection of its own. */

/** Throws TypeError for text that cannot stand in a header: a mistake of the configuration, never of a site. */
export function assertUserAgent(userAgent: string): void {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(userAgent)) {
    throw new TypeError(`user agent ${JSON.stringify(userAgent)} must be 1 to 256 printable ASCII characters`);
  }
}

/** The URL parser has percent-encoded everything that could break a line. */
export function requestBytes(method: 'GET' | 'HEAD', url: URL, userAgent: string): string {
  return [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
}
