/** Metrics of what is written. */
import { at, counter, gauge, NONE, timer } from '../metric-definition.ts';

/** What was to be changed, as version 2 named it. */
export const MUTATION_KINDS = [
  'open_seems_down',
  'open_confirmed_down',
  'promote_to_down',
  'close_event',
  'close_recovered_event',
  'open_update_ssl_expiry',
  'close_ssl_expiry',
  'other',
] as const;
export type MutationKind = (typeof MUTATION_KINDS)[number];

export const STORE_METRICS = {
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
  ),
  event_retry: counter(
    'jetmon_event_retries_total',
    'Changes of the event log that were tried again, by what they change.',
    { op: MUTATION_KINDS },
    at('eventstore.mutation.retry.count'),
    at('eventstore.mutation.{op}.retry.count'),
  ),
  event_append_duration: timer(
    'jetmon_event_append_duration_seconds',
    'From a decision that changes something to its commit.',
    NONE,
    at('scheduler.streaming.events.time'),
  ),
  events_refused: counter('jetmon_events_refused_total', 'Changes for which there was no room to wait.', NONE),
  events_poisoned: counter('jetmon_events_poisoned_total', 'Changes that the database will never take.', NONE),
  history_pending: gauge(
    'jetmon_history_pending',
    'Healthy looks that wait to be written.',
    NONE,
    at('scheduler.streaming.history.pending.count'),
  ),
  history_written: counter(
    'jetmon_history_looks_written_total',
    'Healthy looks that were written, many to a row.',
    NONE,
    at('scheduler.streaming.history.row.count'),
  ),
  history_write_duration: timer(
    'jetmon_history_write_duration_seconds',
    'How long it took to write the healthy looks that had gathered.',
    NONE,
    at('scheduler.streaming.history.time'),
  ),
  history_dropped: counter(
    'jetmon_history_dropped_total',
    'Healthy looks given up because the database was away too long.',
    NONE,
    at('scheduler.streaming.history.error.count'),
  ),
  history_damaged: counter('jetmon_history_damaged_total', 'Stored blocks of looks that could not be read.', NONE),

  projection_drift: gauge(
    'jetmon_projection_drift',
    'Endpoints whose status in the registry was not what the event log says, at the newest complete comparison.',
    NONE,
    at('projection.drift.count'),
  ),
  projection_drift_found: counter(
    'jetmon_projection_drift_found_total',
    'Times that a status in the registry was found to differ from the event log.',
    NONE,
    at('projection.drift.detected.count'),
  ),
  projection_unread: counter(
    'jetmon_projection_check_errors_total',
    'Parts of that comparison that could not be read; each is read again.',
    NONE,
    at('projection.drift.check_error.count'),
  ),

  api_access_lost: counter(
    'jetmon_api_access_lost_total',
    'Requests that changed something or were refused, and are missing in the trail.',
    NONE,
  ),
};
