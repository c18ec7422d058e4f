/** What a MySQL server answers, in the values the store knows. */
import type { TypeCastField } from 'mysql2';
import { AppError } from '../../domain/errors.ts';

/** A row as it was sent: texts of values in the order of the columns, null where there is none. */
export type BareRow = readonly (Buffer | null)[];

/** What the server answers to a statement: rows, or what it changed. */
export type Answer = Record<string, unknown>[] | { insertId: number | string; affectedRows: number };

export type AskOptions = {
  /** Longer than what the pool allows a statement. */
  deadlineMs?: number | undefined;
  /** The server knows the text from before: for those that come again and again with many values. */
  prepared?: boolean;
  /** Is handed each row as it was sent, and none is in the answer: for those who make something else of thousands. */
  onRow?: ((row: BareRow) => void) | undefined;
};

export interface PooledConnection {
  /** Rejects with what the server said of the statement, or with AppError `db_unavailable`. */
  ask(text: string, parameters?: readonly unknown[], options?: AskOptions): Promise<Answer>;
  /** False once the server, or the way to it, failed. */
  isUsable(): boolean;
  /** It is not to be used again. */
  spoil(): void;
  release(): void;
}

/** Rows look as they do on SQLite: whole numbers are `bigint`, fractions `number`, bytes a buffer, instants text. */
export function readField(field: TypeCastField, next: () => unknown): unknown {
  switch (field.type) {
    case 'TINY':
    case 'SHORT':
    case 'INT24':
    case 'LONG':
    case 'LONGLONG':
    case 'YEAR': {
      const text = field.string();
      return text === null ? null : BigInt(text);
    }
    case 'DECIMAL':
    case 'NEWDECIMAL': {
      // What sums and averages come as; only those with a scale have a point.
      const text = field.string();
      if (text === null) return null;
      return text.includes('.') ? Number(text) : BigInt(text);
    }
    case 'FLOAT':
    case 'DOUBLE': {
      // The driver's own reading of fractions is not exact to the last bit.
      const text = field.string();
      return text === null ? null : Number(text);
    }
    case 'JSON':
      return field.string('utf8');
    default:
      return next();
  }
}

/** For callers that only want rows. Throws when the statement gave none. */
export function rowsOf(answer: Answer): Record<string, unknown>[] {
  if (Array.isArray(answer)) return answer;
  throw new AppError('internal', 'a statement that reads gave no rows');
}
