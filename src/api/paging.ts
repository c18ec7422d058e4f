/** Cursors: opaque to callers, the last id of a page to us (spec/04 section 9). */
import { AppError } from '../domain/errors.ts';
import { MAX_ID } from '../domain/ids.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';

export const MAX_LIMIT = 200;

/** `null` when no page follows. */
export function cursorTo(lastId: bigint | null): string | null {
  return lastId === null ? null : Buffer.from(stringifyJson({ id: lastId })).toString('base64url');
}

/** The id behind a cursor; null without one. Throws `invalid_cursor`. */
export function idAtCursor<Id extends bigint>(cursor: string | undefined): Id | null {
  if (cursor === undefined) return null;
  const parsed = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  const value = parsed.ok ? parsed.value : null;
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
  const exact = typeof id === 'bigint' || Number.isSafeInteger(id) ? BigInt(id as number | bigint) : 0n;
  if (exact < 1n || exact > MAX_ID) {
    throw new AppError('invalid_cursor', 'the cursor is not one this server gave out', {
      fix: 'take it from page.next of the reply before, or leave it out to start over',
    });
  }
  return exact as Id;
}
