/**
 * Compares the status column, which other programs read and may write, with the event log: a few hundred rows every few
 * seconds beside everything else, round and round. What differs is counted and said; nothing is changed.
 */
import type { EndpointId } from '../domain/ids.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { BEFORE_ALL, type DriftPage } from '../store/projection-drift.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface ProjectionWatch {
  start(): void;
  /** Resolves when nothing is being read any more. */
  stop(): Promise<void>;
}

const ROWS_PER_PAGE = 500;
const PAGE_EVERY_MS = 5_000;
/** A small registry is one page, which need not be read that often. */
const ROUND_AT_LEAST_MS = 60_000;

export function createProjectionWatch(parts: {
  /** Whether the column is written at all; otherwise nobody says that it is true. */
  isProjected: boolean;
  read(after: EndpointId, limit: number): Promise<DriftPage>;
  metrics: Metrics;
  clock: Clock;
  log: Pick<Log, 'warn' | 'info'>;
}): ProjectionWatch {
  const { metrics, clock, log } = parts;
  let timer: Timer | null = null;
  let working: Promise<void> = Promise.resolve();
  let isStopped = false;
  let after = BEFORE_ALL;
  let beganMs = clock.monotonicMs();
  let inRound = 0;
  let example: EndpointId | null = null;
  /** Of the newest round that is over. */
  let drifted = Number.NaN;

  async function step(): Promise<void> {
    try {
      const page = await parts.read(after, ROWS_PER_PAGE);
      inRound += page.drifted.length;
      example ??= page.drifted[0] ?? null;
      metrics.count('projection_drift_found', page.drifted.length);
      if (page.next === null) endRound();
      after = page.next ?? BEFORE_ALL;
    } catch {
      // The database is away, which is told by whoever must write.
      metrics.count('projection_unread');
    }
  }

  function endRound(): void {
    if (inRound > 0 && inRound !== drifted) {
      log.warn(
        { endpoints: inRound, example: String(example) },
        'the status column of the registry says something else than the event log; `jetmon2 replay --verify` names what differs',
      );
    } else if (inRound === 0 && drifted > 0)
      log.info('the status column of the registry agrees with the event log again');
    drifted = inRound;
    inRound = 0;
    example = null;
  }

  function schedule(waitMs: number): void {
    if (isStopped) return;
    timer = clock.after(waitMs, () => {
      if (after === BEFORE_ALL) beganMs = clock.monotonicMs();
      working = step().then(() => {
        const isRoundOver = after === BEFORE_ALL;
        const sinceMs = clock.monotonicMs() - beganMs;
        schedule(isRoundOver ? Math.max(PAGE_EVERY_MS, ROUND_AT_LEAST_MS - sinceMs) : PAGE_EVERY_MS);
      });
    });
  }

  return {
    start() {
      if (!parts.isProjected) return;
      metrics.gauge('projection_drift', () => drifted);
      metrics.count('projection_drift_found', 0);
      metrics.count('projection_unread', 0);
      schedule(PAGE_EVERY_MS);
    },
    async stop() {
      isStopped = true;
      timer?.cancel();
      await working;
    },
  };
}
