/**
 * Tells others how the server fares, every `STATS_UPDATE_INTERVAL_MS`: StatsD, the files of version 1, the row of process
 * health. None of them is ever waited for: what is slow or broken is said once in the log and passed over.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export type Sink = {
  to: 'statsd' | 'files' | 'health' | 'states';
  /** Rejects or throws where it cannot tell. */
  tell(): void | Promise<void>;
};

export interface Reporter {
  start(): void;
  /** Tells without waiting for the end of the interval. */
  tellNow(): void;
  /** Tells once more, and resolves when that is done or has taken too long. */
  stop(): Promise<void>;
  /** Looks a second over the newest interval; null before the first is over. */
  perSecond(): number | null;
}

/** Longest that one telling may take before it is passed over. */
const LIMIT_MS = 2_000;

export function createReporter(parts: {
  sinks: readonly Sink[];
  /** Looks since the start; left out where nobody asks for their rate. */
  looks?(): number;
  intervalMs(): number;
  /** Told at the end of every interval, before the sinks. */
  onTurn(): void;
  metrics: Metrics;
  clock: Clock;
  log: Pick<Log, 'warn' | 'info'>;
}): Reporter {
  const { sinks, looks = () => 0, metrics, clock, log } = parts;
  const busy = new Map<Sink, Promise<void>>();
  const broken = new Set<Sink>();
  let timer: Timer | null = null;
  let stopped = false;
  let before = { looks: looks(), atMs: clock.monotonicMs() };
  let perSecond: number | null = null;

  function measure(): void {
    const now = { looks: looks(), atMs: clock.monotonicMs() };
    const seconds = (now.atMs - before.atMs) / 1_000;
    if (seconds > 0) perSecond = (now.looks - before.looks) / seconds;
    before = now;
    parts.onTurn();
  }

  function failed(sink: Sink, error: unknown): void {
    metrics.counter('stats_errors', { to: sink.to }).add();
    if (broken.has(sink)) return;
    broken.add(sink);
    log.warn({ err: error, to: sink.to }, 'statistics cannot be handed on; it is tried again, and said when it works');
  }

  function worked(sink: Sink): void {
    if (broken.delete(sink)) log.info({ to: sink.to }, 'statistics are handed on again');
  }

  /** One that has not ended yet is left alone. */
  function tell(sink: Sink): void {
    if (busy.has(sink)) {
      failed(sink, new Error('the one before has not ended yet'));
      return;
    }
    const work = Promise.resolve()
      .then(sink.tell)
      .then(() => worked(sink))
      .catch((error: unknown) => failed(sink, error))
      .finally(() => void busy.delete(sink));
    busy.set(sink, work);
  }

  function turn(): void {
    measure();
    tellNow();
  }

  function tellNow(): void {
    for (const sink of sinks) tell(sink);
  }

  async function within(mostMs: number, work: Promise<unknown>): Promise<void> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    const limit = clock.after(mostMs, resolve);
    await Promise.race([work, timeIsUp]);
    limit.cancel();
  }

  function wait(): void {
    timer = clock.after(parts.intervalMs(), () => {
      turn();
      if (!stopped) wait();
    });
  }

  return {
    start() {
      tellNow();
      wait();
    },
    tellNow,
    async stop() {
      stopped = true;
      timer?.cancel();
      await within(LIMIT_MS, Promise.all(busy.values()));
      turn();
      await within(LIMIT_MS, Promise.all(busy.values()));
    },
    perSecond: () => perSecond,
  };
}
