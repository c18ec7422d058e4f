/** Metrics of what is written. */
import { at, counter, gauge, NONE } from '../metric-definition.ts';

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
};
