/** From a refusal or failure to an HTTP reply: the one place. */
import { STATUS_OF } from '../contracts/error-status.ts';
import type { ErrorEnvelope } from '../contracts/values.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';

/** What the HTTP library refuses by itself, by its typed codes. */
const LIBRARY_CODES: Readonly<Record<string, readonly [code: ErrorCode, message: string, fix?: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'the request body is larger than 1 MiB', 'send less in one request'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_body', 'the request body does not have the length it announced'],
  FST_ERR_BAD_URL: ['endpoint_not_found', 'the path is not a valid URL path'],
  FST_ERR_MAX_PARAM_LENGTH: ['endpoint_not_found', 'the path is too long'],
};

/** The refusal behind anything thrown; null when it is a failure of our own, which tells callers nothing. */
export function refusalOf(thrown: unknown): AppError | null {
  if (thrown instanceof AppError) return thrown.kind === 'internal' || thrown.kind === 'usage' ? null : thrown;
  const known = LIBRARY_CODES[String((thrown as { code?: unknown } | null)?.code)];
  if (known === undefined) return null;
  const [code, message, fix] = known;
  return new AppError(code, message, fix === undefined ? { cause: thrown } : { fix, cause: thrown });
}

/** Status and body of the reply to `thrown`. */
export function errorReply(thrown: unknown, requestId: string): { status: number; body: ErrorEnvelope } {
  const error = refusalOf(thrown) ?? internal(requestId);
  return { status: STATUS_OF[error.kind], body: { error: { ...envelopeOf(error), request_id: requestId } } };
}

/** A refusal as it is told, without the request it belongs to. */
export function envelopeOf({ code, message, fix, details }: AppError): ErrorEnvelope['error'] {
  return {
    code,
    message,
    ...(fix === null ? {} : { fix }),
    ...(Object.keys(details).length === 0 ? {} : { details: { ...details } }),
  };
}

function internal(requestId: string): AppError {
  return new AppError('internal', 'the server failed to answer this request', {
    fix: `look for request ${requestId} in the server's log`,
  });
}
