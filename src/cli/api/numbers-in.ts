/** Numbers that options of these commands hold. Each throws AppError `invalid_arguments`, which names the option. */

import { AppError } from '../../domain/errors.ts';
import { MAX_ID } from '../../domain/ids.ts';
import { parseDuration } from '../../lib/duration.ts';

/** Sites that one command adds, breaks or removes at most. */
export const MOST_SITES = 200;

export function countIn(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST_SITES) return count;
  throw new AppError('invalid_arguments', `--count ${text} is not a number from 1 to ${MOST_SITES}`, {
    fix: 'run the command several times for more',
  });
}

export function siteIdIn(option: string, text: string): bigint {
  const id = /^[1-9]\d{0,18}$/.test(text) ? BigInt(text) : 0n;
  if (id > 0n && id <= MAX_ID) return id;
  throw new AppError('invalid_arguments', `${option} "${text}" is not the number of a site`, {
    fix: 'see `jetmon2 sites list`',
  });
}

/** Ids one after the other. */
export function idsFrom(first: bigint, count: number): bigint[] {
  const last = first + BigInt(count) - 1n;
  if (last <= MAX_ID) return Array.from({ length: count }, (_, index) => first + BigInt(index));
  throw new AppError('invalid_arguments', `the ids from ${first} on do not reach for ${count} sites`, {
    fix: 'begin with a smaller one',
  });
}

/** Each once, in the order they were given. */
export function siteIdsIn(texts: readonly string[]): bigint[] {
  const ids = [...new Set(texts.map((text) => siteIdIn('--site-id', text)))];
  if (ids.length <= MOST_SITES) return ids;
  throw new AppError('invalid_arguments', `--site-id names more than ${MOST_SITES} sites`, {
    fix: 'run the command several times',
  });
}

/** Milliseconds in `750ms`, `2s`, `1m`. */
export function spanMsIn(option: string, text: string, minMs: number): number {
  const ms = /^(\d{1,7})ms$/.exec(text)?.[1];
  const seconds = parseDuration(text);
  const spanMs = ms !== undefined ? Number(ms) : seconds === null ? Number.NaN : seconds * 1_000;
  if (spanMs >= minMs && spanMs <= 3_600_000) return spanMs;
  throw new AppError('invalid_arguments', `${option} ${text} is not a span of time up to an hour`, {
    fix: minMs === 0 ? 'write it as `30s` or `1m`' : `write it as \`2s\`, and at least as ${minMs}ms`,
  });
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
