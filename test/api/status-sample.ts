/** How a server that is well fares, as its status page says it. */
import type { Status } from '../../src/api/routes/status.ts';

export const STATUS_SAMPLE: Status = {
  ok: true,
  problems: [],
  version: '0.1.0',
  host: 'monitor-1',
  pid: 4711,
  state: 'running',
  started_at: '2026-05-04T08:00:00.000Z',
  watched: { endpoints: 2, by_state: { Up: 1, Down: 1 } },
  prober: { threads: 1, running: 2, waiting: 0, visits: 200, voided: 1, stalled: 0, void_rate: 0.005 },
  dispatch: { looks_per_second: 0.03, lateness_mean_ms: 1.2 },
  operator_events: [],
  gate: { conditions: [{ name: 'references', holds: false, why: null }] },
  verifiers: [],
  events: { waiting: 0, committed: 3, retried: 0, lost: 0 },
  history: { pending: 0, dropped: 0 },
  database: { kind: 'sqlite', answers: true, took_ms: 0.4 },
  memory: { rss_bytes: 96_000_000, heap_bytes: 31_000_000 },
  event_loop: { p99_ms: 1.1, max_ms: 4.2 },
  config: { file: null, reloads: 0, reloaded_at: null, error: null, changed: [], restart_needed: [] },
  limits: { min_check_interval_seconds: 60 },
};
