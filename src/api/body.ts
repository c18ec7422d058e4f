/** Request bodies: JSON whatever the declared type says, read by our own codec. */
import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { describeJsonFailure, parseJson } from '../lib/json.ts';
import { fieldRefusal } from './refused-input.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

/** `raw` is the body's bytes, absent when it was empty. Throws `invalid_body`, `invalid_field` or `invalid_url`. */
export function parseBody(schema: z.ZodObject | undefined, raw: unknown): unknown {
  if (schema === undefined) return undefined;
  const value = jsonOf(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid_body', 'the request body is not a JSON object', { fix: 'send one object: { ... }' });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw fieldRefusal({ error: parsed.error, sent: value, schema });
  }
  return parsed.data;
}

function jsonOf(raw: unknown): unknown {
  if (!(raw instanceof Uint8Array) || raw.length === 0) {
    throw new AppError('invalid_body', 'the request has no body', { fix: 'send a JSON object' });
  }
  const parsed = parseJson(textOf(raw));
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
