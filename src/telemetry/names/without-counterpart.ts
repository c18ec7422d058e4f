/** StatsD names of version 1 and 2 that nothing is sent under, and why: for the docs, and for the test that none is forgotten. */

/** `{...}` and `*` stand for one part of a name, or more. */
export type WithoutCounterpart = { names: readonly string[]; why: string; instead?: string };

export const WITHOUT_COUNTERPART: readonly WithoutCounterpart[] = [
  {
    names: ['round.complete.time', 'scheduler.round.pages.count', 'scheduler.round.selected_oldest_age_sec'],
    why: 'no round is fetched, worked off and completed: each endpoint has a time of its own, so there is nothing that takes a time, no page of it, and none that waits for the next.',
    instead: '`jetmon_dispatch_lateness_seconds`, `jetmon_due_waiting`',
  },
  {
    names: ['scheduler.due_count.error.count', 'scheduler.round.due_count_sampled.count'],
    why: 'what is due is counted in memory, which cannot fail and needs no sampling.',
    instead: '`jetmon_due_waiting`',
  },
  {
    names: [
      'scheduler.page.*',
      'scheduler.round.dispatch.time',
      'scheduler.round.wait.time',
      'scheduler.round.process.time',
      'scheduler.round.mark_checked.*',
      'scheduler.round.history.*',
      'scheduler.round.ssl.*',
      'scheduler.round.events.time',
      'scheduler.round.check.*',
    ],
    why: 'these are steps of a round over pages of the database. The same is counted without rounds.',
    instead: 'the names below `scheduler.streaming`',
  },
  {
    names: ['scheduler.streaming.ssl.*', 'scheduler.streaming.legacy_projection.*'],
    why: 'the expiry of a certificate is part of the newest result, and the status of the registry is written in the transaction of its event: neither is a write of its own that could take a time or fail alone.',
    instead: '`jetmon_event_append_duration_seconds`, `jetmon_projection_drift`',
  },
  {
    names: [
      'scheduler.streaming.result_depth.count',
      'scheduler.streaming.side_effect_backpressure_wait.count',
      'scheduler.streaming.result_backpressure_pause.count',
      'scheduler.streaming.side_effect_backpressure_pause.count',
      'scheduler.streaming.dispatch_budget_limited.count',
    ],
    why: 'results are taken in as they come, and nothing pauses for what follows from them: it waits in one queue, whose bound refuses what is too much and has it looked at again. A message of looks is followed by the next at once.',
    instead: '`jetmon_events_waiting`, `jetmon_events_refused_total`, `jetmon_dispatch_waits_total`',
  },
  {
    names: ['wpcom.notification.*'],
    why: 'deliveries are not part of this program yet.',
  },
  {
    names: [
      'worker.spawn.*',
      'worker.die.*',
      'worker.delete.count',
      'worker.check.*',
      'round.done_sending_work.*',
      'round.next.*',
      'queue.items_left_in_queue_when_fetching_new.count',
      'db.get_next_batch',
      'stats.sites.*',
      'stats.workers.*',
      'stats.parent.memory',
    ],
    why: 'names of version 1 that version 2 gave up: they speak of worker processes and of batches, of which there are none.',
    instead:
      '`STATS_DIR` for the files of version 1; `jetmon_prober_threads`, `jetmon_looks_total`, `jetmon_process_resident_memory_bytes`',
  },
];
