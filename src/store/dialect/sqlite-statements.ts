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

/** How often the tables were changed; one for all connections to a file. */
export type TableChanges = { count: number };

/** Without names it changes something, and has no rows. `namedAt`: after how many changes of the tables. */
type Prepared = { statement: StatementSync; names: readonly string[]; namedAt: number; changesTables: boolean };

/** A rollback takes such a change back. */
const CHANGES_TABLES = /^\s*(?:alter|create|drop|rollback)\b/i;

/** The store has far fewer, so only generated texts (batches, lists) ever leave. */
const MAX_STATEMENTS = 250;
/** A statement of thousands of parameters is compiled to several times its text. */
const MAX_CHARACTERS = 1_000_000;

export function createStatements(file: DatabaseSync, tableChanges: TableChanges = { count: 0 }): Statements {
  const kept = new Map<string, Prepared>();
  let characters = 0;

  function prepare(sql: string): Prepared {
    const found = kept.get(sql);
    if (found !== undefined) {
      kept.delete(sql);
      kept.set(sql, found);
      return found;
    }
    const prepared = fresh(sql);
    kept.set(sql, prepared);
    characters += sql.length;
    for (const oldest of kept.keys()) {
      if (kept.size === 1 || (kept.size <= MAX_STATEMENTS && characters <= MAX_CHARACTERS)) break;
      kept.delete(oldest);
      characters -= oldest.length;
    }
    return prepared;
  }

  function fresh(sql: string): Prepared {
    const statement = file.prepare(sql);
    statement.setReturnArrays(true);
    return {
      statement,
      names: namesOf(statement),
      namedAt: tableChanges.count,
      changesTables: CHANGES_TABLES.test(sql),
    };
  }

  /**
   * To ask for the names costs more than many a query, and they are other ones only when the tables are: what stands for all
   * of them, `*`, is kept while tables change. What another program adds shows in their number.
   */
  function rowsOf(prepared: Prepared, rows: readonly SQLOutputValue[][]): Answer {
    const [first] = rows;
    if (first === undefined) return { kind: 'rows', names: [], columns: [] };
    if (prepared.namedAt !== tableChanges.count || first.length !== prepared.names.length) {
      prepared.names = namesOf(prepared.statement);
      prepared.namedAt = tableChanges.count;
    }
    const { names } = prepared;
    return { kind: 'rows', names, columns: names.map((_, index) => rows.map((row) => row[index])) };
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
      if (prepared.changesTables) tableChanges.count += 1;
      return { kind: 'changed', changes: BigInt(changes), lastId: BigInt(lastInsertRowid) };
    },
    pack(sql, parameters, kinds) {
      const rows = prepare(sql).statement.all(...(parameters as SQLInputValue[])) as unknown as SQLOutputValue[][];
      return { kind: 'packed', packed: pack(kinds, rows) };
    },
    openCursor(sql, parameters) {
      const prepared = fresh(sql);
      const rows = prepared.statement.iterate(...(parameters as SQLInputValue[])) as unknown as Iterator<
        SQLOutputValue[]
      >;
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

function namesOf(statement: StatementSync): readonly string[] {
  return statement.columns().map(({ name }) => name);
}
