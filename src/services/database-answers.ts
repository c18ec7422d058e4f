/** Whether the database answers, for whoever asks from outside how we are: within a second, and by one question for all who ask at once. */
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../store/database.ts';

/** Longest wait for the answer (spec/04 section 14). */
const WAIT_MS = 1_000;

/** Resolves when it did; throws `db_unavailable` when it refuses, or stays silent for a second. */
export function createDatabaseAnswers(deps: {
  database: Pick<Database, 'ping'>;
  clock: Pick<Clock, 'after'>;
}): () => Promise<void> {
  const { database, clock } = deps;
  let asked: Promise<void> | null = null;

  /** One that is not answered is not asked anew: it waits in the same line that the next would. */
  function ask(): Promise<void> {
    asked ??= database.ping().finally(() => {
      asked = null;
    });
    return asked;
  }

  return async () => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = clock.after(WAIT_MS, () => reject(new Error(`no answer within ${WAIT_MS} ms`)));
    try {
      await Promise.race([ask(), late]);
    } catch (cause) {
      throw new AppError('db_unavailable', 'the database does not answer', { fix: 'see the server log', cause });
    } finally {
      timer.cancel();
    }
  };
}
