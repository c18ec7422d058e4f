/** What the API refused, or that it could not be reached, as one error class. */
import type { ErrorEnvelope } from '../contracts/values.ts';

export class ApiError extends Error {
  /** HTTP status; 0 when no reply came. */
  readonly status: number;
  /** Stable code of the API's catalogue; `server_unreachable` when no reply came, `bad_reply` when it was not ours. */
  readonly code: string;
  /** What to do about it, when the server knows. */
  readonly fix: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;

  constructor(status: number, error: ErrorEnvelope['error'], options?: { cause: unknown }) {
    super(error.message, options);
    this.name = 'ApiError';
    this.status = status;
    this.code = error.code;
    this.fix = error.fix ?? null;
    this.details = error.details ?? {};
    this.requestId = error.request_id ?? null;
  }
}

export function unreachable(baseUrl: string, cause: unknown): ApiError {
  const message = `no reply from ${baseUrl === '' ? 'the server' : baseUrl}`;
  return new ApiError(0, { code: 'server_unreachable', message, fix: 'check that the server is running' }, { cause });
}

export function badReply(status: number, what: string): ApiError {
  const fix = 'check that the address is that of a Jetmon 2 server';
  return new ApiError(status, { code: 'bad_reply', message: `the reply (${status}) is not one of ours: ${what}`, fix });
}

/** The error a parsed reply body stands for. */
export function refusalFrom(status: number, body: unknown): ApiError {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  if (typeof error !== 'object' || error === null) return badReply(status, 'no error envelope');
  const { code, message } = error as Partial<ErrorEnvelope['error']>;
  if (typeof code !== 'string' || typeof message !== 'string') return badReply(status, 'no error code');
  return new ApiError(status, error as ErrorEnvelope['error']);
}
