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

const GATE_CONDITIONS = ['network_unproven', 'mass_failure'] as const;
/** Believed and why, or what held it back. */
const GATE_VERDICTS = [
  'believed_not_needed',
  'believed_passed',
  'believed_too_few',
  'network_unproven',
  'mass_failure',
  'clock_jumped',
  'left_to_verifiers',
] as const;

/** Of a round: what was there at its beginning, what came in it, what is left at its end. */
export const ROUND_STAGES = [
  'due_start',
  'selected',
  'dispatched',
  'completed',
  'outstanding',
  'due_remaining',
  'selected_never_checked',
] as const;

const MILLISECOND = 0.001;

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
  came_due: counter('jetmon_looks_due_total', 'Looks that came due.', NONE, at('scheduler.streaming.selected.count')),
  dispatch_waited: counter(
    'jetmon_dispatch_waits_total',
    'Looks that could not leave when they were due, because as many were in flight as may be.',
    NONE,
    at('scheduler.dispatch.backpressure_wait.count'),
    at('scheduler.streaming.backpressure_wait.count'),
  ),
  look_unused: counter(
    'jetmon_looks_unused_total',
    'Looks whose result counts for nothing: the endpoint was changed or removed meanwhile (`stale`), or another look had settled the matter (`duplicate`).',
    { why: ['stale', 'duplicate'] },
    at('scheduler.result.{why}.count'),
    at('scheduler.streaming.stale_result.count', { only: { why: ['stale'] } }),
  ),
  look_plan: counter(
    'jetmon_looks_by_plan_total',
    'Looks handed to the prober, by how they are carried out.',
    { method: ['head', 'get'], profile: ['legacy', 'simple_http', 'full'] },
    at('scheduler.streaming.check.method.{method}.profile.{profile}.count'),
  ),
  round: gauge(
    'jetmon_round_looks',
    'Looks of the newest round, which is an interval of statistics; `selected_never_checked` are endpoints that nobody looked at yet.',
    { stage: ROUND_STAGES },
    at('scheduler.round.{stage}.count'),
  ),
  registry_unread: counter(
    'jetmon_registry_read_errors_total',
    'Times that the registry of sites, or a site that was changed, could not be read; each is read again.',
    NONE,
    at('scheduler.fetch.error.count'),
  ),
  dispatch_lateness: timer(
    'jetmon_dispatch_lateness_seconds',
    'How long after its time a look is handed to the prober.',
    NONE,
    at('scheduler.streaming.max_lag.time', { of: 'max' }),
  ),
  targets: gauge('jetmon_targets', 'Endpoints that are watched.', NONE, at('scheduler.streaming.targets.count')),
  endpoints: gauge(
    'jetmon_endpoints',
    'Watched endpoints by the worst that is open on them; `unchecked`: never looked at.',
    {
      state: ['up', 'warning', 'degraded', 'seems_down', 'down', 'maintenance', 'unknown', 'unchecked'],
    },
  ),
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
  rate_required: gauge(
    'jetmon_looks_required_per_second',
    'Regular looks that fall due in a second, by the intervals of what is watched.',
    NONE,
    at('scheduler.streaming.required_rate.count'),
  ),
  window_latency: gauge(
    'jetmon_dispatch_latency_seconds',
    'How long a look is in flight, as the window is computed with it.',
    NONE,
    at('scheduler.streaming.scale_latency.time', { per: MILLISECOND, asTime: true }),
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
    'Failed looks by what went wrong; a reply that speaks of failure itself, such as a status of 500, is `other`. Looks that found deprecated TLS are no failures and counted all the same.',
    { error: LOOK_ERRORS },
    at('scheduler.streaming.check.error.{error}.count'),
  ),
  visits: counter('jetmon_visits_total', 'Visits the prober made, repeated runs included.', NONE),
  run_voided: counter(
    'jetmon_runs_voided_total',
    'Visits that a pause of this machine made void.',
    NONE,
    at('scheduler.streaming.voided.count'),
  ),
  look_stalled: counter(
    'jetmon_looks_stalled_total',
    'Looks whose every run was void.',
    NONE,
    at('scheduler.streaming.stalled.count'),
  ),

  // Whether we can trust what we see.
  gate_condition: gauge(
    'jetmon_gate_condition',
    'Conditions of our own under which failures are believed: 1 holds, 0 does not.',
    { condition: GATE_CONDITIONS },
    at('gate.condition.{condition}.count'),
  ),
  gate_verdict: counter(
    'jetmon_gate_verdicts_total',
    'What was made of failed looks before they counted.',
    { verdict: GATE_VERDICTS },
    at('gate.verdict.{verdict}.count'),
  ),
  gate_waiting: gauge(
    'jetmon_gate_waiting',
    'Failed looks that wait until others show that our network works.',
    NONE,
    at('gate.waiting.count'),
  ),
};
