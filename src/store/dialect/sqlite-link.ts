/** The thread of an embedded database as the rest of the program sees it: orders go in, answers come out. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import { type Answer, errorOf, type Order, type Reply } from './sqlite-messages.ts';

export interface SqliteThread {
  /**
   * Orders are carried out one after the other, as they were given. Rejects with the error of SQLite, its codes included;
   * with `db_unavailable` when the thread is no more. Keeps the process alive until it is answered; the thread does not.
   */
  ask(order: Order): Promise<Answer>;
  isAlive(): boolean;
  /** Resolves with the reason when the thread ends without being told to. */
  readonly lost: Promise<AppError>;
  /** What is not answered yet rejects. */
  end(): Promise<void>;
}

/** Who gives out threads, and takes back those whose database was closed. */
export interface SqliteThreads {
  take(): SqliteThread;
  giveBack(thread: SqliteThread): Promise<void>;
}

/** A thread for each database, for as long as it is open. */
export const freshThreads: SqliteThreads = {
  take: () => startSqliteThread(),
  giveBack: (thread) => thread.end(),
};

/**
 * Rows under way are all the garbage there is, and the thread is there to wait: little room means little memory at rest.
 * MiB per half; a flag, as for the prober's threads, because the flag wins over a limit.
 */
const YOUNG_HALF_MB = 2;
/** Far more than any answer of the store takes; what goes beyond ends the thread and not the process. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 256 };

type Waiting = { resolve(answer: Answer): void; reject(error: Error): void };

/** `module` is what the thread runs; tests hand in one that dies. */
export function startSqliteThread(module = new URL('./sqlite-thread.ts', import.meta.url)): SqliteThread {
  const waiting = new Map<number, Waiting>();
  let orders = 0;
  let death: AppError | null = null;
  let cause: unknown;
  let isEnding = false;
  const lost = Promise.withResolvers<AppError>();
  setFlagsFromString(`--max-semi-space-size=${YOUNG_HALF_MB}`);
  const worker = new Worker(module, { name: 'sqlite', resourceLimits: RESOURCE_LIMITS });
  worker.unref();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('message', answer);
  worker.on('error', (error) => {
    cause = error;
  });
  worker.once('exit', die);

  function answer(reply: Reply): void {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if (reply.kind === 'failed') asked?.reject(errorOf(reply.failure));
    else asked?.resolve(reply);
  }

  function die(): void {
    death = new AppError('db_unavailable', 'the database cannot be used because its thread has ended', {
      fix: 'start jetmon2 again',
      cause,
    });
    for (const { reject } of waiting.values()) reject(death);
    waiting.clear();
    if (!isEnding) lost.resolve(death);
  }

  return {
    ask(order) {
      if (death !== null) return Promise.reject(death);
      const id = ++orders;
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      try {
        worker.postMessage({ ...order, id });
      } catch (error) {
        // A parameter that cannot cross the border.
        return Promise.reject(error);
      }
      if (waiting.size === 0) worker.ref();
      waiting.set(id, { resolve, reject });
      return promise;
    },
    isAlive: () => death === null,
    lost: lost.promise,
    async end() {
      isEnding = true;
      await worker.terminate();
      await exited;
    },
  };
}
