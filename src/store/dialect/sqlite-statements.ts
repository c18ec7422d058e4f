/** Runs statements on one connection in the thread of the embedded database, and keeps those that come again. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { type PackedKinds, pack } from './packed.ts';
import type { Answer } from './sqlite-messages.ts';

export interface Statements {
  run(sql: string, parameters: readonly unknown[]): Answer;
  pack(sql: string, parameters: readonly unknown[], kinds: PackedKinds): Answer;
  /** Rows in portions; its own statement, because one that is run again while it is being read starts over. */
  openCursor(sql: string, parameters: readonly unknown[]): Cursor;
  /** How many are kept. */
  kept(): number;
}

export interface Cursor {
  read(maxRows: number): Answer;
  close(): void;
}

/** Without names it changes, and has no rows. */
type Prepared = { statement: StatementSync; names: readonly string[] };

/** The store has far fewer, so only generated texts (batches, lists) ever leave. */
const MAX_STATEMENTS = 250;
/** A statement of thousands of parameters is compiled to several times its text. */
const MAX_CHARACTERS = 1_000_000;

export function createStatements(file: DatabaseSync): Statements {
  const kept = new Map<string, Prepared>();
  let characters = 0;

  function prepare(sql: string): Prepared {
    const found = kept.get(sql);
    if (found !== undefined) {
      kept.delete(sql);
      kept.set(sql, found);
      return found;
    }
    const statement = file.prepare(sql);
    statement.setReturnArrays(true);
    const prepared = { statement, names: namesOf(statement) };
    kept.set(sql, prepared);
    characters += sql.length;
    for (const oldest of kept.keys()) {
      if (kept.size === 1 || (kept.size <= MAX_STATEMENTS && characters <= MAX_CHARACTERS)) break;
      kept.delete(oldest);
      characters -= oldest.length;
    }
    return prepared;
  }

  return {
    run(sql, parameters) {
      // A full disk ends the transaction by itself; asking again would hide that error behind another.
      if (sql === 'rollback' && !file.isTransaction) return { kind: 'done' };
      const prepared = prepare(sql);
      const { statement } = prepared;
      const values = parameters as SQLInputValue[];
      if (prepared.names.length > 0) return rowsOf(prepared, statement.all(...values) as unknown as SQLOutputValue[][]);
      const { changes, lastInsertRowid } = statement.run(...values);
      return { kind: 'changed', changes: BigInt(changes), lastId: BigInt(lastInsertRowid) };
    },
    pack(sql, parameters, kinds) {
      const rows = prepare(sql).statement.all(...(parameters as SQLInputValue[])) as unknown as SQLOutputValue[][];
      return { kind: 'packed', packed: pack(kinds, rows.length, (row, _, place) => rows[row]?.[place]) };
    },
    openCursor(sql, parameters) {
      const statement = file.prepare(sql);
      statement.setReturnArrays(true);
      const prepared = { statement, names: namesOf(statement) };
      const rows = statement.iterate(...(parameters as SQLInputValue[])) as unknown as Iterator<SQLOutputValue[]>;
      return {
        read(maxRows) {
          const portion: SQLOutputValue[][] = [];
          while (portion.length < maxRows) {
            const next = rows.next();
            if (next.done) break;
            portion.push(next.value);
          }
          return rowsOf(prepared, portion);
        },
        close: () => void rows.return?.(),
      };
    },
    kept: () => kept.size,
  };
}

/**
 * To ask for the names costs more than many a query, so they are asked for again only when there is another number of them:
 * tables get columns while statements that name all of them with `*` are kept, and nothing renames one.
 */
function rowsOf(prepared: Prepared, rows: readonly SQLOutputValue[][]): Answer {
  const [first] = rows;
  if (first === undefined) return { kind: 'rows', names: [], columns: [] };
  if (first.length !== prepared.names.length) prepared.names = namesOf(prepared.statement);
  const { names } = prepared;
  return { kind: 'rows', names, columns: names.map((_, index) => rows.map((row) => row[index])) };
}

function namesOf(statement: StatementSync): readonly string[] {
  return statement.columns().map(({ name }) => name);
}
