/**
 * Statements for many rows at once. Their text is made once per number of rows and not at every call, and there are few
 * numbers of rows, so that a database that prepares statements knows each of them already.
 */
import { CompiledQuery } from 'kysely';
import type { Schema, Tx } from '../schema.ts';

type Value = string | number | bigint | null;

/** Longest statement sent, in characters of the values: well under what any server takes as one packet. */
const MAX_STATEMENT_CHARACTERS = 1_000_000;
const MAX_ROWS = 1_024;

/** Inserts rows of one table in as few statements as fit. */
export function insertInto<Table extends keyof Schema>(
  table: Table,
  columns: readonly (keyof Schema[Table] & string)[],
): (tx: Tx, rows: readonly (readonly Value[])[]) => Promise<void> {
  const texts = new Map<number, string>();
  const head = `insert into ${table} (${columns.join(', ')}) values `;
  const one = `(${columns.map(() => '?').join(', ')})`;
  function textFor(count: number): string {
    const known = texts.get(count);
    if (known !== undefined) return known;
    const text = head + Array.from({ length: count }, () => one).join(', ');
    texts.set(count, text);
    return text;
  }
  return async (tx, rows) => {
    for (let from = 0; from < rows.length; ) {
      const count = rowsThatFit(rows, from);
      const values = rows.slice(from, from + count).flat();
      await tx.executeQuery(CompiledQuery.raw(textFor(count), values));
      from += count;
    }
  };
}

/** The largest power of two of rows from `from` on that are there and fit into one statement; at least one. */
function rowsThatFit(rows: readonly (readonly Value[])[], from: number): number {
  let count = 1;
  let characters = lengthOf(rows, from, from + 1);
  while (count < MAX_ROWS && from + 2 * count <= rows.length) {
    characters += lengthOf(rows, from + count, from + 2 * count);
    if (characters > MAX_STATEMENT_CHARACTERS) break;
    count *= 2;
  }
  return count;
}

function lengthOf(rows: readonly (readonly Value[])[], from: number, to: number): number {
  let characters = 0;
  for (let at = from; at < to; at += 1) {
    for (const value of rows[at] ?? []) characters += typeof value === 'string' ? value.length : 8;
  }
  return characters;
}

/** The values with the last one repeated up to a power of two: lists of many lengths become few statements. */
export function padded<T>(values: readonly T[]): T[] {
  const list = [...values];
  const last = list.at(-1);
  if (last === undefined) return list;
  let length = 1;
  while (length < list.length) length *= 2;
  while (list.length < length) list.push(last);
  return list;
}
