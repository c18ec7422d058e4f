/**
 * A dialect that tells of everything it sends, before and after. It is there for those who ask what is left of a write
 * when the process dies at that very moment; without a watcher nothing of it is in the way.
 */
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';

/** `what` is the statement, or `begin`, `commit`, `rollback`. */
export type StatementWatcher = (when: 'before' | 'after', what: string) => void;

export function watchedDialect(dialect: Dialect, watcher: StatementWatcher | undefined): Dialect {
  if (watcher === undefined) return dialect;
  return {
    createDriver: () => watchedDriver(dialect.createDriver(), watcher),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

type WatchedConnection = DatabaseConnection & { inner: DatabaseConnection };

function watchedDriver(driver: Driver, watcher: StatementWatcher): Driver {
  async function around<T>(what: string, run: () => Promise<T>): Promise<T> {
    watcher('before', what);
    const result = await run();
    watcher('after', what);
    return result;
  }
  const innerOf = (connection: DatabaseConnection) => (connection as WatchedConnection).inner;
  return {
    init: (options) => driver.init(options),
    destroy: (options) => driver.destroy(options),
    async acquireConnection(options) {
      const inner = await driver.acquireConnection(options);
      const connection: WatchedConnection = {
        inner,
        executeQuery: <R>(query: CompiledQuery) =>
          around(query.sql, (): Promise<QueryResult<R>> => inner.executeQuery<R>(query)),
        streamQuery: <R>(query: CompiledQuery, chunkSize: number) => inner.streamQuery<R>(query, chunkSize),
      };
      return connection;
    },
    releaseConnection: (connection, options) => driver.releaseConnection(innerOf(connection), options),
    beginTransaction: (connection, settings) =>
      around('begin', () => driver.beginTransaction(innerOf(connection), settings)),
    commitTransaction: (connection) => around('commit', () => driver.commitTransaction(innerOf(connection))),
    rollbackTransaction: (connection) => around('rollback', () => driver.rollbackTransaction(innerOf(connection))),
  };
}
