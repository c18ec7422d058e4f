/** Cursors: opaque to callers, the last id of a page to us (spec/04 section 9). */
import { AppError } from '../domain/errors.ts';
import { MAX_ID } from '../domain/ids.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';

export const MAX_LIMIT = 200;

/** `null` when no page follows. */
export function cursorTo(lastId: bigint | null): string | null {
  return lastId === null ? null : Buffer.from(stringifyJson({ id: lastId })).toString('base64url');
}

/** A place in a list that goes by time. */
export type Moment = { atMs: number; id: bigint };

export function cursorToMoment({ atMs, id }: Moment): string {
  return Buffer.from(stringifyJson({ at: atMs, id })).toString('base64url');
}

/** Null without a cursor. Throws `invalid_cursor`. */
export function momentAtCursor(cursor: string | undefined): Moment | null {
  const id = idAtCursor<bigint>(cursor);
  if (cursor === undefined || id === null) return null;
  const value = decoded(cursor);
  const atMs = typeof value === 'object' && value !== null && 'at' in value ? value.at : null;
  if (typeof atMs !== 'number' || !Number.isSafeInteger(atMs)) throw notOurs();
  return { atMs, id };
}

/** The id behind a cursor; null without one. Throws `invalid_cursor`. */
export function idAtCursor<Id extends bigint>(cursor: string | undefined): Id | null {
  if (cursor === undefined) return null;
  const value = decoded(cursor);
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
  const exact = typeof id === 'bigint' || Number.isSafeInteger(id) ? BigInt(id as number | bigint) : 0n;
  if (exact < 1n || exact > MAX_ID) throw notOurs();
  return exact as Id;
}

function decoded(cursor: string): unknown {
  const parsed = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  return parsed.ok ? parsed.value : null;
}

function notOurs(): AppError {
  return new AppError('invalid_cursor', 'the cursor is not one this server gave out', {
    fix: 'take it from page.next of the reply before, or leave it out to start over',
  });
}
