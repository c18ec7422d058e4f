/** Answers bytes that are no HTTP request. They never become one, so nothing else here sees them. */
import type { ConnectionError } from 'fastify';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { stringifyJson } from '../lib/json.ts';
import { errorReply } from './errors.ts';

type Socket = { writable: boolean; destroyed: boolean; end(data: string): unknown; destroy(error?: Error): unknown };

type Refusal = readonly [code: ErrorCode, words: string, message: string, fix: string];

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    'request_timeout',
    'Request Timeout',
    'the request did not arrive in time: its headers within 5 s, the whole of it within 60 s',
    'send it again, all at once',
  ],
  HPE_HEADER_OVERFLOW: [
    'headers_too_large',
    'Request Header Fields Too Large',
    'the request headers are larger than 16 KiB',
    'send fewer or shorter headers',
  ],
};
const OTHERWISE: Refusal = [
  'invalid_request',
  'Bad Request',
  'this is not an HTTP request',
  'send HTTP/1.1; this port does not speak TLS',
];

export function createUnreadableHandler(newRequestId: () => string) {
  return (error: ConnectionError, socket: Socket): void => {
    if (String(error.code) === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) socket.end(refusal(error, newRequestId()));
    else socket.destroy(error);
  };
}

function refusal(error: ConnectionError, requestId: string): string {
  const [code, words, message, fix] = REFUSALS[String(error.code)] ?? OTHERWISE;
  const { status, body: envelope } = errorReply(new AppError(code, message, { fix }), requestId);
  const body = stringifyJson(envelope);
  return [
    `HTTP/1.1 ${status} ${words}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
