/** What the parts of the server know of themselves, as metrics that are asked when somebody wants them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { WatchedStates } from '../engine/count-states.ts';
import type { Engine } from '../engine/engine.ts';
import type { ProberStats } from '../prober/prober.ts';
import type { Database } from '../store/database.ts';
import type { EventStore } from '../store/events.ts';
import type { History } from '../store/history/history.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { MUTATION_KINDS } from '../telemetry/names/store.ts';

export function proberMetrics(metrics: Metrics, engine: Pick<Engine, 'watched' | 'proberStats'>): void {
  const { proberStats } = engine;
  metrics.gauge('targets', engine.watched);
  metrics.gauge('in_flight', () => proberStats().running + proberStats().waiting);
  visitMetrics(metrics, proberStats);
}

/** Of a prober, whoever it looks for. */
export function visitMetrics(metrics: Metrics, proberStats: () => ProberStats): void {
  metrics.gauge('prober_running', () => proberStats().running);
  metrics.gauge('prober_waiting', () => proberStats().waiting);
  metrics.gauge('prober_threads', () => proberStats().threads);
  metrics.counterFrom('visits', () => proberStats().visits);
  metrics.counterFrom('run_voided', () => proberStats().voided);
  metrics.counterFrom('look_stalled', () => proberStats().stalled);
}

export function storeMetrics(
  metrics: Metrics,
  {
    database,
    events,
    history,
  }: {
    database: Pick<Database, 'rowsWritten'>;
    events: Pick<EventStore, 'waiting' | 'stats' | 'retried'>;
    history: Pick<History, 'stats'>;
  },
): void {
  metrics.counterFrom('rows_written', database.rowsWritten);
  metrics.gauge('events_waiting', events.waiting);
  metrics.counterFrom('event_commits', () => events.stats().commits);
  metrics.counterFrom('events_committed', () => events.stats().items);
  metrics.counterFrom('event_commit_retries', () => events.stats().outages, { why: 'database_away' });
  metrics.counterFrom('event_commit_retries', () => events.stats().heldUp, { why: 'row_held' });
  for (const op of MUTATION_KINDS) metrics.counterFrom('event_retry', () => events.retried()[op], { op });
  metrics.counterFrom('events_refused', () => events.stats().refused);
  metrics.counterFrom('events_poisoned', () => events.stats().poisoned);
  metrics.gauge('history_pending', () => history.stats().pending);
  metrics.counterFrom('history_dropped', () => history.stats().dropped);
  metrics.counterFrom('history_damaged', () => history.stats().damaged);
}

export function processMetrics(metrics: Metrics, facts: { version: string; startedAtMs: number }): void {
  metrics.gauge('build_info', () => 1, { version: facts.version });
  metrics.gauge('start_time', () => facts.startedAtMs / 1_000);
  metrics.gauge('process_rss', () => process.memoryUsage.rss());
  metrics.gauge('process_heap', () => process.memoryUsage().heapUsed);
  metrics.gauge('process_memory', () => {
    const { heapTotal, external } = process.memoryUsage();
    return heapTotal + external;
  });
}

/** The states that a fleet was counted in last: counting takes a while, so it is not done for whoever asks. */
export function stateMetrics(metrics: Metrics, newest: () => WatchedStates | null): void {
  for (const [state, word] of STATES) {
    metrics.gauge('endpoints', () => (newest() === null ? Number.NaN : (newest()?.[state] ?? 0)), { state: word });
  }
}

const STATES = [
  ['Up', 'up'],
  ['Warning', 'warning'],
  ['Degraded', 'degraded'],
  ['Seems Down', 'seems_down'],
  ['Down', 'down'],
  ['Maintenance', 'maintenance'],
  ['Unknown', 'unknown'],
  ['Unchecked', 'unchecked'],
] as const;

export type LoopDelay = { p50Ms: number; p99Ms: number; maxMs: number };

export interface LoopWatch {
  /** Of the interval that ended last. */
  newest(): LoopDelay;
  /** Ends an interval. */
  turn(): void;
  stop(): void;
}

const RESOLUTION_MS = 20;

/** How late timers of this thread run. */
export function watchLoop(metrics: Metrics): LoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let newest: LoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  metrics.gauge('event_loop_delay', () => newest.p50Ms / 1_000, { quantile: '0.5' });
  metrics.gauge('event_loop_delay', () => newest.p99Ms / 1_000, { quantile: '0.99' });
  metrics.gauge('event_loop_delay', () => newest.maxMs / 1_000, { quantile: '1' });
  return {
    newest: () => newest,
    turn() {
      newest = delayIn(histogram);
      histogram.reset();
    },
    stop: () => void histogram.disable(),
  };
}

/** The histogram holds the time between two timers, of which the resolution is no delay. */
function delayIn(histogram: ReturnType<typeof monitorEventLoopDelay>): LoopDelay {
  if (histogram.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return {
    p50Ms: late(histogram.percentile(50)),
    p99Ms: late(histogram.percentile(99)),
    maxMs: late(histogram.max),
  };
}
