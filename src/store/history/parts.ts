/** What the parts of history share: who they are, and how they keep out of the way of others. */
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Database } from '../database.ts';
import type { Tx } from '../schema.ts';

export type HistoryParts = {
  db: Database;
  clock: Clock;
  log: Log;
  /** Names this process in what it writes. */
  writer: string;
  /** Bodies that could not be read, and samples that came too late to be added up. */
  trouble: Trouble;
  /** True once upkeep is to end early; what it left undone is done by the next run. */
  isStopping(): boolean;
  /** Lets others have their turn for a while; over at once when stopping. */
  wait(ms: number): Promise<void>;
};

/** Samples of the journal are in one of three states. */
export const SEGMENT_STATE = {
  /** As they were flushed. */
  fresh: 0,
  /** Looked through, and too few to be worth a block yet. */
  waiting: 1,
  /** Damaged: kept as it is until it is old enough to go. */
  parked: 2,
} as const;

export const SPAN = {
  /** Hours with their samples. */
  hours: 0,
  /** A day in hours, without samples. */
  day: 1,
  /** A day as one. */
  wholeDay: 2,
  /** Damaged: kept as it is until it is old enough to go. */
  parked: 3,
} as const;

export interface Trouble {
  /** Counts a body that cannot be read; the first one is logged. */
  damaged(what: string, error: unknown): void;
  damagedBodies(): number;
}

export function createTrouble(log: Log): Trouble {
  let damaged = 0;
  return {
    damaged(what, error) {
      damaged += 1;
      if (damaged > 1) return;
      log.error({ err: error }, `${what} of the check history is damaged and left out; further ones are only counted`);
    },
    damagedBodies: () => damaged,
  };
}

/** Longest stretch of computing before others get their turn. */
const TURN_MS = 5;
/** Others get so many times as long: looks that are due must not wait for what nobody waits for. */
const TURNS_OF_OTHERS = 3;
/** Between two transactions of upkeep: writers that wait go first. */
const PAUSE_MS = 5;

/** Waits when this turn of the thread has taken long enough. */
export function createTurns({ clock, wait }: HistoryParts): () => Promise<void> {
  let since = clock.monotonicMs();
  return async () => {
    const tookMs = clock.monotonicMs() - since;
    if (tookMs < TURN_MS) return;
    await wait(tookMs * TURNS_OF_OTHERS);
    since = clock.monotonicMs();
  };
}

/** Runs transactions that rewrite history, with a pause between one and the next. */
export function createRewriter({ db, wait }: HistoryParts): <T>(run: (tx: Tx) => Promise<T>) => Promise<T> {
  let isFirst = true;
  return async (run) => {
    if (!isFirst) await wait(PAUSE_MS);
    isFirst = false;
    return rewrite(db, run);
  };
}

export type Rewriter = ReturnType<typeof createRewriter>;

/**
 * A transaction that rewrites history. Processes that share a database take turns, so that none overwrites what
 * another one just merged.
 */
function rewrite<T>(db: Database, run: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await db.dialect
      .lockForUpdate(tx.selectFrom('jetmon_history_upkeep').select('id').where('id', '=', 1n))
      .executeTakeFirst();
    return run(tx);
  });
}

/** Null for a body that is damaged, once that is counted. */
export function readOrCount<T>(trouble: Trouble, what: () => string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    trouble.damaged(what(), error);
    return null;
  }
}
