/** What the API refused as a refusal of the command. */
import type { ApiError } from '../client/api-error.ts';
import { AppError, isErrorCode } from '../domain/errors.ts';

/** In the words the API used. */
export function asAppError(error: ApiError, prefix = ''): AppError {
  const options = error.fix === null ? {} : { fix: error.fix };
  return new AppError(isErrorCode(error.code) ? error.code : 'invalid_arguments', prefix + error.message, {
    ...options,
    details: { code: error.code, ...error.details },
  });
}
