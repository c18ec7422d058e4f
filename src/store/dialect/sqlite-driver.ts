/**
 * Kysely over the thread of the embedded database. Outside of a transaction reads go to the connection that reads, and
 * everything else takes its turn, with the transactions, on the one that writes.
 */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { PackedKinds } from './packed.ts';
import type { SqliteThread } from './sqlite-link.ts';
import { type Answer, type Order, READER, WRITER } from './sqlite-messages.ts';
import { asUnavailable } from './sqlite-trouble.ts';
import { createTurns } from './sqlite-turns.ts';

export interface SqliteConnections {
  /** Reads, writes, transactions. */
  readonly dialect: Dialect;
  /** Its transactions are snapshots. */
  readonly snapshots: Dialect;
  /** From now on nothing new; resolves when what was begun or queued has ended. */
  drain(): Promise<void>;
}

/** It reads, and its only row is what it found as `Packed`. */
export type PackedQuery = CompiledQuery & { readonly packedAs: PackedKinds };

/** A transaction: all of its queries go to one connection of the thread. */
type Session = { handle: number; run(sql: 'commit' | 'rollback'): Promise<void>; leave(): Promise<void> };

type Connection = DatabaseConnection & { session: Session | null };

type StartSession = () => Promise<Session>;

export function connectionsOn(thread: SqliteThread): SqliteConnections {
  const turns = createTurns();
  let handles = READER;
  let cursors = 0;
  let inUse = 0;
  let isDraining = false;
  const drained = Promise.withResolvers<void>();

  async function ask(order: Order): Promise<Answer> {
    try {
      return await thread.ask(order);
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async function startTransaction(): Promise<Session> {
    const pass = await turns.take();
    const run = async (sql: string) => void (await ask({ kind: 'run', handle: WRITER, sql, parameters: [] }));
    try {
      // A transaction that reads first and writes later would fail, not wait, when another process wrote in between.
      await run('begin immediate');
    } catch (error) {
      pass();
      throw error;
    }
    return { handle: WRITER, run, leave: async () => pass() };
  }

  async function startSnapshot(): Promise<Session> {
    const handle = ++handles;
    await ask({ kind: 'snapshot', handle });
    return { handle, run: async () => {}, leave: async () => void (await ask({ kind: 'endSnapshot', handle })) };
  }

  async function executeInTurn({ sql, parameters }: CompiledQuery): Promise<Answer> {
    const pass = await turns.take();
    try {
      return await ask({ kind: 'run', handle: WRITER, sql, parameters });
    } finally {
      pass();
    }
  }

  async function* stream<R>(query: CompiledQuery, handle: number, maxRows: number): AsyncGenerator<QueryResult<R>> {
    const { sql, parameters } = query;
    const cursor = ++cursors;
    await ask({ kind: 'openCursor', cursor, handle, sql, parameters });
    try {
      for (;;) {
        const { rows } = resultOf<R>(await ask({ kind: 'fetch', cursor, maxRows }));
        if (rows.length === 0) return;
        yield { rows };
      }
    } finally {
      await ask({ kind: 'closeCursor', cursor });
    }
  }

  function createConnection(): Connection {
    return {
      session: null,
      async executeQuery<R>(query: CompiledQuery) {
        const { sql, parameters } = query;
        const { session } = this;
        if ('packedAs' in query) {
          const { packedAs: kinds } = query as PackedQuery;
          return resultOf<R>(await ask({ kind: 'pack', handle: session?.handle ?? READER, sql, parameters, kinds }));
        }
        if (session === null && !isRead(query)) return resultOf<R>(await executeInTurn(query));
        return resultOf<R>(await ask({ kind: 'run', handle: session?.handle ?? READER, sql, parameters }));
      },
      async *streamQuery<R>(query: CompiledQuery, chunkSize: number) {
        if (this.session !== null) {
          yield* stream<R>(query, this.session.handle, chunkSize);
          return;
        }
        // On a connection of its own: on the one that all reads share, a slow consumer would keep its state for them all.
        const session = await startSnapshot();
        try {
          yield* stream<R>(query, session.handle, chunkSize);
        } finally {
          await session.leave();
        }
      },
    };
  }

  function createDriver(startSession: StartSession): Driver {
    // Kysely remembers weakly each one that it was ever given, which is work for the garbage collector.
    const idle: Connection[] = [];
    return {
      async init() {},
      async acquireConnection() {
        if (isDraining) throw new Error('the database has been closed');
        inUse += 1;
        return idle.pop() ?? createConnection();
      },
      async beginTransaction(connection) {
        ours(connection).session = await startSession();
      },
      async commitTransaction(connection) {
        await ours(connection).session?.run('commit');
      },
      async rollbackTransaction(connection) {
        await ours(connection).session?.run('rollback');
      },
      async releaseConnection(connection) {
        const { session } = ours(connection);
        ours(connection).session = null;
        try {
          await session?.leave();
        } finally {
          idle.push(ours(connection));
          inUse -= 1;
          if (isDraining && inUse === 0) drained.resolve();
        }
      },
      async destroy() {},
    };
  }

  return {
    dialect: dialectOf(() => createDriver(startTransaction)),
    snapshots: dialectOf(() => createDriver(startSnapshot)),
    drain() {
      isDraining = true;
      if (inUse === 0) drained.resolve();
      return drained.promise;
    },
  };
}

/** Kysely hands back what it was given. */
function ours(connection: DatabaseConnection): Connection {
  return connection as Connection;
}

function dialectOf(createDriver: () => Driver): Dialect {
  return {
    createDriver,
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new ConcurrentSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** Kysely would let one query at a time into SQLite, a whole transaction being one. */
class ConcurrentSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

const READS = /^\s*(?:select|values)\b/i;
const READS_PERHAPS = /^\s*with\b/i;
const MAY_WRITE = /\b(?:insert|update|delete|replace)\b/i;

/**
 * Whether a query may go to the connection that reads. One that is sent there by mistake is refused by SQLite; one that
 * waits for its turn without need is only slow. A pragma is asked of the connection that writes, whose settings matter.
 */
export function isRead({ query, sql }: CompiledQuery): boolean {
  if (query.kind === 'SelectQueryNode') return true;
  if (query.kind !== 'RawNode') return false;
  return READS.test(sql) || (READS_PERHAPS.test(sql) && !MAY_WRITE.test(sql));
}

function resultOf<R>(answer: Answer): QueryResult<R> {
  switch (answer.kind) {
    case 'rows':
      return { rows: rowsOf(answer.names, answer.columns) as R[] };
    case 'changed':
      return { insertId: answer.lastId, numAffectedRows: answer.changes, rows: [] };
    case 'packed':
      return { rows: [answer.packed as R] };
    case 'done':
      return { rows: [] };
  }
}

function rowsOf(names: readonly string[], columns: readonly unknown[][]): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  const count = columns[0]?.length ?? 0;
  for (let index = 0; index < count; index += 1) {
    const row: Record<string, unknown> = {};
    for (const [column, name] of names.entries()) row[name] = columns[column]?.[index];
    rows.push(row);
  }
  return rows;
}
