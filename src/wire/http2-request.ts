/** The header fields of a probe's request over HTTP/2 (RFC 9113 section 8.3), the same request as over HTTP/1.1. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { ExchangeRequest } from './exchange.ts';
import { assertHeaders } from './http1-request.ts';

/** Fields that belong to one connection have no place in HTTP/2 (section 8.2.2). */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Throws TypeError as `assertHeaders` does. */
export function requestFields(
  { method, url, headers, body }: Pick<ExchangeRequest, 'method' | 'url' | 'headers' | 'body'>,
  userAgent: string,
): OutgoingHttpHeaders {
  assertHeaders(headers);
  const fields = new Map<string, string>([
    [':method', method],
    [':scheme', 'https'],
    [':authority', url.host],
    [':path', `${url.pathname}${url.search}`],
    ['user-agent', userAgent],
    ['accept', '*/*'],
    ['accept-encoding', body.rules === null ? 'identity' : 'gzip'],
  ]);
  const brought = new Map<string, string>();
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase();
    const before = brought.get(lowerCase);
    const separator = lowerCase === 'cookie' ? '; ' : ', ';
    if (!LEFT_OUT.has(lowerCase)) brought.set(lowerCase, before === undefined ? value : before + separator + value);
  }
  return Object.fromEntries([...fields, ...brought]);
}
