/** Which HTTP status each kind of trouble answers with: for replies, and for the document that promises them. */
import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../domain/errors.ts';

export const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_slow: 408,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  too_many: 429,
  headers_too_large: 431,
  internal: 500,
  usage: 500,
  unavailable: 503,
};

export function statusOf(code: ErrorCode): number {
  return STATUS_OF[ERROR_CODES[code]];
}
