/** Answers bytes that are no HTTP request. They never become one, so nothing else here sees them. */
import type { ConnectionError } from 'fastify';
import type { ErrorEnvelope } from '../contracts/values.ts';
import { stringifyJson } from '../lib/json.ts';

type Socket = { writable: boolean; destroyed: boolean; end(data: string): unknown; destroy(error?: Error): unknown };

const STATUS: Readonly<Record<string, readonly [line: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the request headers are too large'],
};
const OTHERWISE = ['400 Bad Request', 'this is not an HTTP request'] as const;

export function createUnreadableHandler(newRequestId: () => string) {
  return (error: ConnectionError, socket: Socket): void => {
    if (String(error.code) === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) socket.end(refusal(error, newRequestId()));
    else socket.destroy(error);
  };
}

function refusal(error: ConnectionError, requestId: string): string {
  const [line, message] = STATUS[String(error.code)] ?? OTHERWISE;
  const envelope: ErrorEnvelope = { error: { code: 'invalid_body', message, request_id: requestId } };
  const body = stringifyJson(envelope);
  return [
    `HTTP/1.1 ${line}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
