/** Metrics of looks at sites, and of whether we can trust what we see. */
import { at, counter, gauge, NONE, timer } from '../metric-definition.ts';

/** Codes of errors as version 2 named them (spec/03 section 5.4). */
export const LOOK_ERRORS = [
  'other',
  'timeout',
  'connect',
  'ssl',
  'redirect',
  'keyword',
  'tls_expired',
  'tls_deprecated',
  'body_read',
] as const;

export const LOOK_METRICS = {
  look: counter(
    'jetmon_looks_total',
    'Looks that came back, by what they found.',
    { outcome: ['up', 'warning', 'degraded', 'seems_down', 'unknown'] },
    at('scheduler.streaming.completed.count'),
    at('scheduler.streaming.check.success.count', { only: { outcome: ['up', 'warning', 'degraded'] } }),
    at('scheduler.streaming.check.failure.count', { only: { outcome: ['seems_down'] } }),
    at('round.sites.count'),
  ),
  look_duration: timer(
    'jetmon_look_duration_seconds',
    'From the start of a look to its result.',
    NONE,
    at('scheduler.streaming.avg_latency.time'),
  ),
  dispatched: counter(
    'jetmon_looks_dispatched_total',
    'Looks handed to the prober.',
    NONE,
    at('scheduler.streaming.dispatched.count'),
  ),
  dispatch_lateness: timer(
    'jetmon_dispatch_lateness_seconds',
    'How long after its time a look is handed to the prober.',
    NONE,
    at('scheduler.streaming.max_lag.time', { of: 'max' }),
  ),
  targets: gauge('jetmon_targets', 'Endpoints that are watched.', NONE, at('scheduler.streaming.targets.count')),
  endpoints: gauge('jetmon_endpoints', 'Watched endpoints by the state of their newest look.', {
    state: ['up', 'warning', 'degraded', 'seems_down', 'down', 'unknown', 'unchecked'],
  }),
  due_waiting: gauge(
    'jetmon_due_waiting',
    'Endpoints that are due and wait for their turn.',
    NONE,
    at('scheduler.streaming.pending.count'),
  ),
  in_flight: gauge(
    'jetmon_looks_in_flight',
    'Looks handed to the prober that have not come back.',
    NONE,
    at('scheduler.streaming.inflight.count'),
    at('worker.queue.active'),
  ),
  prober_running: gauge('jetmon_prober_running', 'Visits under way in the prober.', NONE),
  prober_waiting: gauge(
    'jetmon_prober_waiting',
    'Jobs that wait in the prober.',
    NONE,
    at('scheduler.streaming.queue_depth.count'),
    at('worker.queue.queue_size'),
  ),
  prober_threads: gauge(
    'jetmon_prober_threads',
    'Threads of the prober.',
    NONE,
    at('scheduler.streaming.worker.count'),
  ),
  dispatch_lateness_recent: gauge(
    'jetmon_dispatch_lateness_recent_seconds',
    'How long after its time a look was handed to the prober, over the last minute.',
    { quantile: ['0.5', '0.99', '1'] },
  ),
  window: gauge(
    'jetmon_dispatch_window',
    'Most looks that may be in flight at the moment.',
    NONE,
    at('scheduler.streaming.worker_target.count'),
  ),
  looks_per_second: gauge(
    'jetmon_looks_per_second',
    'Looks that came back, a second, over the newest interval of statistics.',
    NONE,
    at('scheduler.streaming.sps.count'),
    at('round.sps.count'),
  ),
  look_error: counter(
    'jetmon_look_errors_total',
    'Failed looks by what went wrong; a reply that speaks of failure itself, such as a status of 500, is `other`.',
    { error: LOOK_ERRORS },
    at('scheduler.streaming.check.error.{error}.count'),
  ),
  visits: counter('jetmon_visits_total', 'Visits the prober made, repeated runs included.', NONE),
  run_voided: counter('jetmon_runs_voided_total', 'Visits that a pause of this machine made void.', NONE),
  look_stalled: counter('jetmon_looks_stalled_total', 'Looks whose every run was void.', NONE),

  // Whether we can trust what we see.
  gate_condition: gauge(
    'jetmon_gate_condition',
    'Conditions of our own under which failures are believed: 1 holds, 0 does not.',
    { condition: 16 },
  ),
  gate_verdict: counter('jetmon_gate_verdicts_total', 'What was made of failed looks before they counted.', {
    verdict: 16,
  }),
};
