/**
 * Every metric, once: what it counts, and what it is called in Prometheus and in StatsD (whose names are those that
 * dashboards of version 1 and 2 ask for). The table is closed: a metric that is not in it cannot be counted.
 */

import { at, classed, counter, gauge, type MetricDefinition, timer } from './metric-definition.ts';

/** Classes of failure as version 1 knew them. */
const CLASSES = ['intermittent', 'server', 'client', 'blocked', 'https', 'redirect', 'success', 'unknown'] as const;
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
/** Why a verifier gave no answer. */
const SILENCES = [
  'unreachable',
  'timeout',
  'unauthorized',
  'bad_signature',
  'wrong_request',
  'too_large',
  'malformed',
  'refused',
] as const;
/** More verifiers than anybody has; a label must be bounded all the same. */
const MAX_VERIFIERS = 64;
const MEGABYTE = 1024 * 1024;

const NONE = {} as const;

export const METRICS = {
  // Looks at sites.
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

  // From a failure to a verdict.
  detection_failure: counter(
    'jetmon_detection_failures_total',
    'Failed looks that entered the path to Down.',
    { class: CLASSES },
    at('detection.failure.{class}.count'),
  ),
  retry: counter('jetmon_detection_retries_total', 'Looks that were made to confirm a failure.', NONE),
  retry_queue: gauge('jetmon_retry_queue', 'Endpoints whose failure is being confirmed.', NONE, at('retry.queue.size')),
  seems_down_opened: counter(
    'jetmon_detection_seems_down_opened_total',
    'Incidents opened as Seems Down.',
    { class: CLASSES },
    ...classed('detection.seems_down.open'),
  ),
  probe_cleared: counter(
    'jetmon_detection_probe_cleared_total',
    'Incidents that a look of ours ended before they were confirmed.',
    { class: CLASSES },
    ...classed('detection.probe_cleared'),
  ),
  down_confirmed: counter(
    'jetmon_detection_down_confirmed_total',
    'Incidents that became Down, by who confirmed it.',
    { by: ['local', 'verifier'], class: CLASSES },
    ...classed('detection.down.confirmed'),
  ),
  down_opened_after_verifier: counter(
    'jetmon_detection_down_opened_after_verifier_total',
    'Incidents that verifiers opened as Down at once.',
    NONE,
    at('detection.down.open_after_verifier.count'),
  ),
  still_down: counter(
    'jetmon_detection_still_down_total',
    'Failed looks at sites that are Down already.',
    { class: CLASSES },
    ...classed('detection.down.still_down'),
  ),
  recovery: counter('jetmon_detection_recoveries_total', 'Incidents that were Down and ended.', NONE),
  false_alarm: counter(
    'jetmon_detection_false_alarms_total',
    'Incidents that verifiers refuted.',
    { class: CLASSES },
    ...classed('detection.verifier.false_alarm'),
  ),
  regional: counter('jetmon_detection_regional_total', 'Failures that only some regions see.', NONE),
  no_verdict: counter('jetmon_detection_no_verdict_total', 'Questions to verifiers that too few answered.', NONE),
  verifier_escalation: counter(
    'jetmon_detection_escalations_total',
    'Failures that verifiers were asked about.',
    NONE,
    at('detection.verifier.escalation.count'),
  ),
  verifier_no_clients: counter(
    'jetmon_detection_no_verifiers_total',
    'Failures confirmed without verifiers, because there are none.',
    NONE,
    at('detection.verifier.no_clients.count'),
  ),
  verifier_quorum_met: counter(
    'jetmon_detection_quorum_met_total',
    'Questions for which enough verifiers confirmed the failure.',
    NONE,
    at('detection.verifier.quorum_met.count'),
  ),
  maintenance_swallowed: counter(
    'jetmon_detection_maintenance_swallowed_total',
    'Failures during maintenance, of which nothing is made.',
    { class: CLASSES },
    ...classed('detection.maintenance.swallowed'),
  ),
  suppressed: counter(
    'jetmon_detection_suppressed_total',
    'Failures of which nothing was made, and why.',
    { why: ['recovery', 'false_alarm', 'pressure', 'other'] },
    at('detection.post_recovery_transient_suppressed.count', { only: { why: ['recovery', 'false_alarm'] } }),
    at('scheduler.streaming.pressure_suppressed.count', { only: { why: ['pressure'] } }),
  ),
  seems_down_duration: timer(
    'jetmon_detection_seems_down_duration_seconds',
    'From Seems Down to what became of it, of incidents that this process saw open.',
    { outcome: ['down', 'false_alarm', 'probe_cleared', 'other'] },
    at('detection.seems_down_to_down.time', { only: { outcome: ['down'] } }),
    at('detection.seems_down_to_false_alarm.time', { only: { outcome: ['false_alarm'] } }),
    at('detection.seems_down_to_probe_cleared.time', { only: { outcome: ['probe_cleared'] } }),
  ),
  first_failure_to_seems_down: timer(
    'jetmon_first_failure_to_seems_down_seconds',
    'From the first failed look to Seems Down.',
    NONE,
    at('detection.first_failure_to_seems_down.time'),
  ),
  first_failure_to_verification: timer(
    'jetmon_first_failure_to_verification_seconds',
    'From the first failed look to the question to the verifiers.',
    NONE,
    at('detection.first_failure_to_verification.time'),
  ),

  // Verifiers, as the monitor meets them.
  verifiers_healthy: gauge(
    'jetmon_verifiers_healthy',
    'Verifiers that answer.',
    NONE,
    at('detection.verifier.healthy.count'),
  ),
  verifiers_quarantined: gauge('jetmon_verifiers_quarantined', 'Verifiers whose votes do not count.', NONE),
  verifier_quorum: gauge(
    'jetmon_verifier_quorum',
    'Regions that must agree.',
    NONE,
    at('detection.verifier.quorum.count'),
  ),
  verifier_vote: counter(
    'jetmon_verifier_votes_total',
    'What verifiers said.',
    { vote: ['confirm_down', 'disagree', 'none'] },
    at('verifier.vote.{vote}.count'),
  ),
  verifier_host_vote: counter(
    'jetmon_verifier_host_votes_total',
    'What each verifier said.',
    { host: MAX_VERIFIERS, vote: ['confirm_down', 'disagree', 'none'] },
    at('verifier.host.{host}.vote.{vote}.count'),
  ),
  verifier_asked: counter(
    'jetmon_verifier_questions_total',
    'Questions for each verifier, those with known answers among them.',
    { host: MAX_VERIFIERS },
  ),
  verifier_unanswered: counter(
    'jetmon_verifier_unanswered_total',
    'Questions that a verifier did not answer, and why; `overloaded`: it was never asked.',
    { host: MAX_VERIFIERS, why: [...SILENCES, 'overloaded'] },
  ),
  verifier_rpc: counter(
    'jetmon_verifier_rpcs_total',
    'Requests to verifiers, by what came of them.',
    { host: MAX_VERIFIERS, result: ['success', ...SILENCES] },
    at('verifier.rpc.success.count', { only: { result: ['success'] } }),
    at('verifier.rpc.error.count', { only: { result: SILENCES } }),
    at('verifier.host.{host}.rpc.success.count', { only: { result: ['success'] } }),
    at('verifier.host.{host}.rpc.error.count', { only: { result: SILENCES } }),
  ),
  verifier_rpc_duration: timer(
    'jetmon_verifier_rpc_duration_seconds',
    'From a request to a verifier to its reply, or to the end of the wait for it.',
    { host: MAX_VERIFIERS },
    at('verifier.rpc.duration'),
    at('verifier.host.{host}.rpc.duration'),
  ),

  // A verifier, as it meets those who ask.
  served_request: counter('jetmon_verifier_server_requests_total', 'Requests, by what they ask for.', {
    surface: ['rpc', 'check', 'status', 'metrics', 'other'],
  }),
  served_refusal: counter(
    'jetmon_verifier_server_refusals_total',
    'Requests that were refused, and why.',
    { why: ['token', 'busy', 'stopping', 'unreadable'] },
    at('verifier.auth.rejected.count', { only: { why: ['token'] } }),
  ),
  served_look: counter(
    'jetmon_verifier_server_looks_total',
    'Looks that were asked for.',
    NONE,
    at('verifier.checks.received.count'),
  ),
  served_verdict: counter('jetmon_verifier_server_verdicts_total', 'Looks that were answered, by what they found.', {
    state: ['up', 'warning', 'degraded', 'seems_down', 'unknown', 'no_time'],
  }),
  served_batch_duration: timer(
    'jetmon_verifier_server_batch_duration_seconds',
    'From a batch of looks to what was found.',
    NONE,
    at('verifier.checks.duration.timer'),
  ),
  served_batches: gauge('jetmon_verifier_server_batches_in_flight', 'Batches that are being answered.', NONE),
  served_running: gauge('jetmon_verifier_server_looks_in_flight', 'Looks under way.', NONE),
  served_waiting: gauge('jetmon_verifier_server_looks_waiting', 'Looks that wait for their turn.', NONE),

  // What is written.
  rows_written: counter(
    'jetmon_store_rows_written_total',
    'Rows that statements changed, those of transactions that failed among them.',
    NONE,
  ),
  events_waiting: gauge(
    'jetmon_events_waiting',
    'Changes of the event log that wait for their commit.',
    NONE,
    at('scheduler.streaming.side_effect_queue_depth.count'),
  ),
  event_commits: counter('jetmon_event_commits_total', 'Transactions of the event log.', NONE),
  events_committed: counter(
    'jetmon_events_committed_total',
    'Changes of the event log that were committed.',
    NONE,
    at('scheduler.streaming.side_effect.processed.count'),
  ),
  event_commit_retries: counter(
    'jetmon_event_commit_retries_total',
    'Transactions of the event log that were tried again.',
    { why: ['database_away', 'row_held'] },
    at('eventstore.mutation.retry.count'),
  ),
  events_refused: counter('jetmon_events_refused_total', 'Changes for which there was no room to wait.', NONE),
  events_poisoned: counter('jetmon_events_poisoned_total', 'Changes that the database will never take.', NONE),
  history_pending: gauge('jetmon_history_pending', 'Healthy looks that wait to be written.', NONE),
  history_dropped: counter(
    'jetmon_history_dropped_total',
    'Healthy looks given up because the database was away too long.',
    NONE,
    at('scheduler.streaming.history.error.count'),
  ),
  history_damaged: counter('jetmon_history_damaged_total', 'Stored blocks of looks that could not be read.', NONE),

  api_access_lost: counter(
    'jetmon_api_access_lost_total',
    'Requests that changed something or were refused, and are missing in the trail.',
    NONE,
  ),

  // This process.
  build_info: gauge('jetmon_build_info', 'The version that runs; always 1.', { version: 1 }),
  start_time: gauge('jetmon_start_time_seconds', 'When this process started, since the Unix epoch.', NONE),
  config_reloads: counter(
    'jetmon_config_reloads_total',
    'Times that the configuration was read again.',
    { result: ['taken', 'refused'] },
    at('config_reload.count'),
  ),
  process_rss: gauge(
    'jetmon_process_resident_memory_bytes',
    'Memory of this process.',
    NONE,
    at('process.rss_mb', { per: MEGABYTE, memory: true }),
  ),
  process_memory: gauge(
    'jetmon_process_memory_bytes',
    'Memory that heap, native parts and buffers hold together.',
    NONE,
    at('process.go_sys_mem_mb', { per: MEGABYTE, memory: true }),
  ),
  process_heap: gauge(
    'jetmon_process_heap_bytes',
    'Memory of the heap in use.',
    NONE,
    at('process.heap_alloc_mb', { per: MEGABYTE, memory: true }),
  ),
  event_loop_delay: gauge(
    'jetmon_event_loop_delay_seconds',
    'How late timers of the main thread ran, over the newest interval of statistics.',
    { quantile: ['0.5', '0.99', '1'] },
  ),
  log_lines_dropped: counter(
    'jetmon_log_lines_dropped_total',
    'Lines of the log that could not be written: the disk is full, or nobody reads them.',
    NONE,
  ),
  stats_errors: counter(
    'jetmon_stats_errors_total',
    'Statistics that could not be handed on, by where they should have gone.',
    { to: ['statsd', 'files', 'health', 'states'] },
  ),
} satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
type OfKind<K extends MetricDefinition['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];
export type CounterName = OfKind<'counter'>;
export type GaugeName = OfKind<'gauge'>;
export type TimerName = OfKind<'timer'>;

/** The labels a metric wants, all of them: known words where they are closed, any text where they are bounded. */
export type LabelsOf<N extends MetricName> = {
  [L in keyof (typeof METRICS)[N]['labels']]: (typeof METRICS)[N]['labels'][L] extends readonly (infer V extends
    string)[]
    ? V
    : string;
};
/** Metrics without labels, which need no handle. */
export type Plain<N extends MetricName> = N extends MetricName ? (keyof LabelsOf<N> extends never ? N : never) : never;
