/** Values that are spelt in query strings. */
import type { z } from 'zod';
import type { QueryBoolean } from '../contracts/values.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';

export function isTrue(value: z.output<typeof QueryBoolean>): boolean {
  return value === 'true' || value === '1';
}

/** A comma-separated list in which every item must be one of `allowed`. Throws `invalid_filter`, or `code`, naming the item. */
export function listOf<T extends string>(
  field: string,
  text: string,
  allowed: readonly T[],
  code: ErrorCode = 'invalid_filter',
): T[] {
  return text.split(',').map((item) => {
    const known = allowed.find((candidate) => candidate === item.trim());
    if (known !== undefined) return known;
    throw new AppError(code, `query member ${field}: ${JSON.stringify(item)} is not one of its values`, {
      fix: `use ${allowed.join(', ')}`,
      details: { field },
    });
  });
}
