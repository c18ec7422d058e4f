/** Has check history written twice a minute, and packed and thinned out every few minutes, beside everything else. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { History } from '../store/history/history.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** A kill loses what came in since, and the writing itself takes a while: less than a minute together. */
const FLUSH_EVERY_MS = 30_000;
const UPKEEP_EVERY_MS = 5 * 60_000;

export function createHistoryKeeping(parts: {
  history: History;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'count' | 'observe'>;
}) {
  const { history, clock, log, metrics } = parts;
  const timers = new Set<Timer>();
  let stopped = false;

  /** Again and again, each time so long after the last one ended. */
  function repeat(everyMs: number, run: () => Promise<unknown>, failed: string): void {
    const timer = clock.after(everyMs, () => {
      timers.delete(timer);
      void run()
        .catch((error: unknown) => log.warn({ err: error }, failed))
        .then(() => {
          if (!stopped) repeat(everyMs, run, failed);
        });
    });
    timers.add(timer);
  }

  async function flush(): Promise<void> {
    const beganMs = clock.monotonicMs();
    metrics.count('history_written', await history.flush());
    metrics.observe('history_write_duration', clock.monotonicMs() - beganMs);
  }

  return {
    start() {
      repeat(FLUSH_EVERY_MS, flush, 'healthy looks could not be written; they are kept and tried again');
      repeat(
        UPKEEP_EVERY_MS,
        () => history.retain(clock.nowMs()),
        'check history could not be packed or thinned out; it is tried again',
      );
    },
    /** Writes what is pending; what cannot be written now is lost with the process, as by a kill. */
    async stop(): Promise<void> {
      stopped = true;
      for (const timer of timers) timer.cancel();
      timers.clear();
      try {
        await history.stop();
      } catch (error) {
        log.warn({ err: error }, 'the last healthy looks could not be written; their time counts as unobserved');
      }
    },
  };
}
