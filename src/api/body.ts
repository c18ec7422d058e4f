/** Request bodies: JSON whatever the declared type says, read by our own codec. */
import { type Contract, NO_MEMBERS } from '../contracts/contract.ts';
import { AppError } from '../domain/errors.ts';
import { describeJsonFailure, parseJson } from '../lib/json.ts';
import { fieldRefusal } from './refused-input.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * `raw` is the body's bytes, absent when it was empty. An operation that takes none is sent none, or an empty object: what
 * it would not heed is refused. Throws `invalid_body`, `invalid_field`, or the code that a member has of its own.
 */
export function parseBody({ body, isBodyOptional }: Pick<Contract, 'body' | 'isBodyOptional'>, raw: unknown): unknown {
  const isEmpty = bytesOf(raw) === null;
  if (body === undefined && isEmpty) return undefined;
  const schema = body ?? NO_MEMBERS;
  const value = isBodyOptional === true && isEmpty ? {} : jsonOf(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid_body', 'the request body is not a JSON object', { fix: 'send one object: { ... }' });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw fieldRefusal({ error: parsed.error, sent: value, schema });
  }
  return body === undefined ? undefined : parsed.data;
}

/** Null where there is no body. */
function bytesOf(raw: unknown): Uint8Array | null {
  return raw instanceof Uint8Array && raw.length > 0 ? raw : null;
}

function jsonOf(raw: unknown): unknown {
  const bytes = bytesOf(raw);
  if (bytes === null) {
    throw new AppError('invalid_body', 'the request has no body', { fix: 'send a JSON object' });
  }
  const parsed = parseJson(textOf(bytes));
  if (parsed.ok) return parsed.value;
  throw new AppError('invalid_body', `the request body ${describeJsonFailure(parsed)}`, {
    fix: 'send one valid JSON object, nested at most 16 deep, each member once',
  });
}

function textOf(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    throw new AppError('invalid_body', 'the request body is not valid UTF-8', { fix: 'encode it as UTF-8', cause });
  }
}
