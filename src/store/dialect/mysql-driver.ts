/** Kysely's driver on our pool: it knows when a transaction began and, above all, what became of its commit. */
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type { Answer, BareRow, PooledConnection } from './mysql-answers.ts';
import type { Pool } from './mysql-pool.ts';
import { outcomeUnknown, READ_ONLY_NUMBERS } from './mysql-trouble.ts';
import { isConflict } from './trouble.ts';

/** Changes of tables copy them at worst; cutting one short would only start it over. */
const SCHEMA_DEADLINE_MS = 60 * 60_000;
const SCHEMA_NODES = ['CreateTableNode', 'AlterTableNode', 'CreateIndexNode', 'DropTableNode', 'DropIndexNode'];

/** How the writer's statements for many rows begin: there are few of them, and putting their values into text is slow. */
const OF_MANY_ROWS = 'insert into jetmon_';

/** Its rows are handed over one by one, and none is in its result. */
export type HandedQuery = CompiledQuery<never> & { readonly onRow: (row: BareRow) => void };

type MysqlConnection = DatabaseConnection & { readonly pooled: PooledConnection };

export function createMysqlDriver(pool: Pool, name: string): Driver {
  const pooledOf = (connection: DatabaseConnection) => (connection as MysqlConnection).pooled;
  return {
    init: async () => {},
    async acquireConnection() {
      return connectionOn(await pool.acquire());
    },
    async beginTransaction(connection, { isolationLevel, accessMode }) {
      const pooled = pooledOf(connection);
      // It holds for the next transaction of the session alone.
      if (isolationLevel !== undefined) await pooled.ask(`set transaction isolation level ${isolationLevel}`);
      await pooled.ask(
        accessMode === 'read only' ? 'start transaction with consistent snapshot, read only' : 'start transaction',
      );
    },
    async commitTransaction(connection) {
      try {
        await pooledOf(connection).ask('commit');
      } catch (error) {
        throw isRefusal(error) ? error : outcomeUnknown(name, error);
      }
    },
    async rollbackTransaction(connection) {
      // It comes after a failure, which is what the caller must hear of. A connection that is lost needs none.
      const pooled = pooledOf(connection);
      if (pooled.isUsable()) await pooled.ask('rollback').catch(() => pooled.spoil());
    },
    async releaseConnection(connection) {
      pooledOf(connection).release();
    },
    destroy: () => pool.close(),
  };
}

function connectionOn(pooled: PooledConnection): MysqlConnection {
  return {
    pooled,
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      const { kind } = query.query;
      const deadlineMs = SCHEMA_NODES.includes(kind) ? SCHEMA_DEADLINE_MS : undefined;
      const prepared = kind === 'RawNode' && query.sql.startsWith(OF_MANY_ROWS);
      const onRow = 'onRow' in query ? (query as HandedQuery).onRow : undefined;
      return resultOf<R>(await pooled.ask(query.sql, query.parameters, { deadlineMs, prepared, onRow }));
    },
    // biome-ignore lint/correctness/useYield: it never gets to a row
    async *streamQuery() {
      throw new Error('rows are read in pages here, not as a stream');
    },
  };
}

function resultOf<R>(answer: Answer): QueryResult<R> {
  if (Array.isArray(answer)) return { rows: answer as R[] };
  const insertId = BigInt(answer.insertId);
  return {
    rows: [],
    numAffectedRows: BigInt(answer.affectedRows),
    ...(insertId === 0n ? {} : { insertId }),
  };
}

/** The server said that it did not commit. */
function isRefusal(error: unknown): boolean {
  if (isConflict(error)) return true;
  const origin = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return origin instanceof Error && 'errno' in origin && READ_ONLY_NUMBERS.includes(Number(origin.errno));
}
