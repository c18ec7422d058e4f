/** What crosses the border between the program and the thread of its embedded database, for both sides. */
import type { Packed, PackedKinds } from './packed.ts';

/** The connections in the thread that are always there; snapshots get numbers above. */
export const WRITER = 0;
export const READER = 1;

/** What is asked of the thread. It answers each order, in order; `handle` and `cursor` are numbers of the asker's choice. */
export type Order =
  /** `companion`: the table that may be in a file that is not marked as ours yet. */
  | { kind: 'open'; path: string; companion: string }
  | { kind: 'run'; handle: number; sql: string; parameters: readonly unknown[] }
  /** The rows of a query as columns of numbers and texts. */
  | { kind: 'pack'; handle: number; sql: string; parameters: readonly unknown[]; kinds: PackedKinds }
  /** A read transaction on a connection of its own, which sees the state of this moment until it is ended. */
  | { kind: 'snapshot'; handle: number }
  | { kind: 'endSnapshot'; handle: number }
  /** Rows in portions; `fetch` answers with none when there are no more. */
  | { kind: 'openCursor'; cursor: number; handle: number; sql: string; parameters: readonly unknown[] }
  | { kind: 'fetch'; cursor: number; maxRows: number }
  | { kind: 'closeCursor'; cursor: number }
  | { kind: 'close' };

export type Answer =
  /**
   * Column by column: the side that must not be kept waiting reads it in half the time that objects take, because it
   * meets each name once and values of one type in a row.
   */
  | { kind: 'rows'; names: readonly string[]; columns: unknown[][] }
  | { kind: 'packed'; packed: Packed }
  | { kind: 'changed'; changes: bigint; lastId: bigint }
  | { kind: 'done' };

export type Reply = { id: number } & (Answer | { kind: 'failed'; failure: Failure });

/** An error as plain data: one that is cloned loses everything but its message. */
export type Failure = { message: string; facts: Record<string, unknown> };

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), facts: {} };
  // SQLite's codes, the system's code, the trouble a file was refused for.
  const { errcode, errstr, code, trouble } = error as Error & Record<string, unknown>;
  const facts = Object.entries({ errcode, errstr, code, trouble }).filter(([, value]) => value !== undefined);
  return { message: error.message, facts: Object.fromEntries(facts) };
}

export function errorOf({ message, facts }: Failure): Error {
  return Object.assign(new Error(message), facts);
}
