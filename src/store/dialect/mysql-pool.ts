/**
 * Connections to one MySQL server: as many as the pool holds and no more, each set up and checked before its first use,
 * none waited for without end. One on which something unexpected happened is never used again.
 */
import {
  createPool,
  type ExecuteValues,
  type PoolConnection,
  type PoolOptions,
  type QueryOptions,
  type QueryValues,
} from 'mysql2';
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Answer, type BareRow, type PooledConnection, readField } from './mysql-answers.ts';
import { setUpSession } from './mysql-session.ts';
import { asUnavailable, SILENT, unavailable } from './mysql-trouble.ts';
import type { MysqlAddress } from './mysql-url.ts';

export interface Pool {
  /** Rejects with AppError `db_unavailable` when no connection can be had by the deadline. */
  acquire(): Promise<PooledConnection>;
  close(): Promise<void>;
}

export type PoolSettings = {
  /** Connections at most. */
  size: number;
  connectTimeoutMs: number;
  /** For one statement, and for getting a connection. */
  deadlineMs: number;
  lockWaitSeconds: number;
};

/** Callers that may wait for a connection at once. */
const MAX_WAITING = 10_000;
const CLOSE_PATIENCE_MS = 5_000;

export function createMysqlPool(address: MysqlAddress, settings: PoolSettings, clock: Clock): Pool {
  const pool = createPool(poolOptions(address, settings));
  const ready = new WeakSet<PoolConnection>();
  const open = new Set<PoolConnection>();
  let waiting = 0;
  pool.on('connection', (raw) => {
    open.add(raw);
    // The pool stops listening after the first error; one without a listener would end the process.
    raw.on('error', () => {});
    raw.once('end', () => open.delete(raw));
  });

  function take(): Promise<PoolConnection> {
    if (waiting >= MAX_WAITING) return Promise.reject(unavailable(address.name, SILENT));
    waiting += 1;
    return new Promise<PoolConnection>((resolve, reject) => {
      let late = false;
      const timer = clock.after(settings.deadlineMs, () => {
        late = true;
        reject(unavailable(address.name, SILENT));
      });
      pool.getConnection((error, raw) => {
        timer.cancel();
        if (error !== null) reject(asUnavailable(address.name, error));
        else if (late) raw.release();
        else resolve(raw);
      });
    }).finally(() => {
      waiting -= 1;
    });
  }

  return {
    async acquire() {
      const raw = await take();
      const connection = wrap(raw, address.name, settings.deadlineMs, clock);
      if (ready.has(raw)) return connection;
      try {
        await setUpSession(connection, settings.lockWaitSeconds, address.name);
      } catch (error) {
        raw.destroy();
        throw error;
      }
      ready.add(raw);
      return connection;
    },
    async close() {
      await new Promise<void>((resolve) => {
        // A server that hangs does not answer a farewell either.
        const timer = clock.after(CLOSE_PATIENCE_MS, resolve);
        pool.end(() => {
          timer.cancel();
          resolve();
        });
      });
      for (const raw of open) raw.destroy();
    },
  };
}

function wrap(raw: PoolConnection, name: string, deadlineMs: number, clock: Clock): PooledConnection {
  let usable = true;
  return {
    ask(text, parameters = [], options = {}) {
      return new Promise<Answer>((resolve, reject) => {
        const fail = (error: unknown) => {
          const failure = asUnavailable(name, error);
          // A server that complains of the statement alone is well.
          if (failure instanceof AppError) usable = false;
          reject(failure);
        };
        if (!usable) return fail(unavailable(name, LOST_EARLIER));
        const timer = clock.after(options.deadlineMs ?? deadlineMs, () => {
          raw.destroy();
          fail(unavailable(name, SILENT));
        });
        const done = (error: Error | null, answer: unknown) => {
          timer.cancel();
          if (error === null) resolve(answer as Answer);
          else fail(error);
        };
        if (options.prepared) raw.execute(text, parameters as ExecuteValues, done);
        else if (options.onRow) handOver(raw, { sql: text, values: parameters as QueryValues }, options.onRow, done);
        else raw.query(text, parameters as QueryValues, done);
      });
    },
    isUsable: () => usable,
    spoil() {
      usable = false;
    },
    release() {
      if (usable) raw.release();
      else raw.destroy();
    },
  };
}

/** Row by row as they come, so that nothing holds on to thousands of them. What `onRow` throws is the error of the query. */
function handOver(
  raw: PoolConnection,
  query: QueryOptions,
  onRow: (row: BareRow) => void,
  done: (error: Error | null, answer: Answer) => void,
): void {
  let failure: Error | null = null;
  const end = (error: Error | null) => {
    // A connection that is lost says so itself, to nobody in particular.
    raw.off('error', end);
    done(error, []);
  };
  raw.once('error', end);
  raw
    .query({ ...query, rowsAsArray: true, typeCast: false })
    .on('error', end)
    .on('result', (row: unknown) => {
      try {
        if (failure === null) onRow(row as BareRow);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
    })
    .once('end', () => end(failure));
}

const LOST_EARLIER = { cause: 'failed earlier in this transaction', fix: 'try again' };

function poolOptions(address: MysqlAddress, settings: PoolSettings): PoolOptions {
  const { host, port, user, password, database } = address;
  return {
    host,
    port,
    user,
    password,
    database,
    ...(address.tls ? { ssl: { rejectUnauthorized: true, verifyIdentity: true } } : {}),
    connectionLimit: settings.size,
    maxIdle: settings.size,
    connectTimeout: settings.connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 30_000,
    charset: 'UTF8MB4_BIN',
    timezone: 'Z',
    disableEval: true,
    multipleStatements: false,
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    typeCast: readField,
  };
}
