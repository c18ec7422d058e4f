/**
 * Check history: healthy looks, and those that could not tell, are appended in memory and stored packed; failed ones are rows of their own
 * (failures.ts). What a crash loses are the healthy looks of the last minute at most: time that was not observed.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { EverySite, Scoped } from '../../domain/site-scope.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Database } from '../database.ts';
import { compact } from './compaction.ts';
import { type FailedCheck, oldestFailureMs, readFailures } from './failures.ts';
import { flushPending } from './journal.ts';
import { newestSamples, type Search } from './newest.ts';
import { createTrouble, type HistoryParts } from './parts.ts';
import { createPending, type HealthyLook, MAX_PENDING } from './pending.ts';
import { createReads } from './reads.ts';
import { DEFAULT_RETENTION, limitFailures, type RetentionPolicy, retain } from './retention.ts';
import { BLIND_LOOK, HOUR_MS, timingsOf } from './sample.ts';

export interface History extends ReturnType<typeof createReads> {
  /** Memory only; nothing to wait for. */
  add(look: HealthyLook): void;
  /** A look that could not tell: from then on nothing was observed, until the next one that could. Memory only. */
  addBlind(look: Pick<HealthyLook, 'endpointId' | 'siteId' | 'atMs'>): void;
  /** Writes what is pending, and says how many looks that were. What could not be written stays pending. */
  flush(): Promise<number>;
  /** Packs hours that are over and lets go what is too old, in small steps; one run at a time. */
  retain(nowMs: number): Promise<void>;
  /** Failed looks, newest first. */
  failures(endpointId: Scoped<EndpointId>, fromMs: number, toMs: number, limit: number): Promise<FailedCheck[]>;
  /** When the oldest failed look was that is still kept: how far back they go for everybody. Null when none is. */
  oldestFailureMs(scope: EverySite): Promise<number | null>;
  /** Finds the newest stored look of those of some endpoints that had a healthy one of late. */
  newest(search: NewestSearch): Promise<void>;
  stats(): HistoryStats;
  /** Ends upkeep after the step it is at, and writes what is pending. */
  stop(): Promise<void>;
}

export type NewestSearch = Omit<Search, 'found'> & {
  found(endpointId: EndpointId, look: Omit<HealthyLook, 'endpointId' | 'siteId'>): void;
};

export type HistoryStats = {
  /** Looks that wait to be written. */
  pending: number;
  /** Looks given up because the database was away for too long. */
  dropped: number;
  /** Stored bodies that could not be read. */
  damaged: number;
};

export function createHistory(deps: {
  db: Database;
  clock: Clock;
  log: Log;
  /** Names this process in what it writes. */
  writer: string;
  retention?: RetentionPolicy;
  maxPending?: number;
}): History {
  const { db, clock, log, writer, retention = DEFAULT_RETENTION, maxPending = MAX_PENDING } = deps;
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  const parts: HistoryParts = {
    db,
    clock,
    log,
    writer,
    trouble: createTrouble(log),
    isStopping: () => isStopping,
    async wait(ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = clock.after(ms, resolve);
      await Promise.race([promise, stopped.promise]);
      timer.cancel();
    },
  };
  const pending = createPending(maxPending);
  let flushing: Promise<unknown> = Promise.resolve();
  let upkeep: Promise<unknown> = Promise.resolve();
  let failuresCountedAtMs = Number.NEGATIVE_INFINITY;
  let droppedBefore = 0;

  async function flushOnce(): Promise<number> {
    if (pending.dropped() > droppedBefore) {
      const looks = pending.dropped() - droppedBefore;
      droppedBefore = pending.dropped();
      log.warn({ looks }, 'healthy looks were given up because the database did not take them in time');
    }
    return flushPending(parts, pending);
  }

  async function retainOnce(nowMs: number): Promise<void> {
    if (isStopping) return;
    await compact(parts, nowMs);
    await retain(parts, retention, nowMs);
    if (nowMs - failuresCountedAtMs < HOUR_MS) return;
    failuresCountedAtMs = nowMs;
    await limitFailures(parts, retention.maxFailures);
  }

  function flush(): Promise<number> {
    const done = flushing.then(flushOnce, flushOnce);
    flushing = done;
    return done;
  }

  return {
    ...createReads(parts, pending),
    add: pending.add,
    addBlind: (look) => pending.add({ ...look, ...BLIND_LOOK }),
    flush,
    retain(nowMs) {
      const next = () => retainOnce(nowMs);
      const done = upkeep.then(next, next);
      upkeep = done;
      return done;
    },
    failures: (endpointId, fromMs, toMs, limit) => readFailures(db.kysely, endpointId, { fromMs, toMs }, limit),
    oldestFailureMs: (_scope) => oldestFailureMs(db.kysely),
    newest: ({ left, wants, found }) =>
      newestSamples(parts, {
        left,
        wants,
        found(endpointId, sample) {
          found(endpointId, { atMs: sample.atMs, httpCode: sample.httpCode || null, timings: timingsOf(sample) });
        },
      }),
    stats: () => ({ pending: pending.size(), dropped: pending.dropped(), damaged: parts.trouble.damagedBodies() }),
    async stop() {
      isStopping = true;
      stopped.resolve();
      // How upkeep ended was told to whoever asked for it.
      await upkeep.catch(() => {});
      await flush();
    },
  };
}
