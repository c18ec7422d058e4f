/** Values that are spelt in query strings. */
import type { z } from 'zod';
import type { QueryBoolean } from '../contracts/values.ts';
import { AppError } from '../domain/errors.ts';

export function isTrue(value: z.output<typeof QueryBoolean>): boolean {
  return value === 'true' || value === '1';
}

/** A comma-separated list in which every item must be one of `allowed`. Throws `invalid_filter` naming the item. */
export function listOf<T extends string>(field: string, text: string, allowed: readonly T[]): T[] {
  return text.split(',').map((item) => {
    const known = allowed.find((candidate) => candidate === item.trim());
    if (known !== undefined) return known;
    throw new AppError('invalid_filter', `query member ${field}: ${JSON.stringify(item)} is not one of its values`, {
      fix: `use ${allowed.join(', ')}`,
      details: { field },
    });
  });
}
