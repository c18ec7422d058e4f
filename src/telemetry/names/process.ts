/** Metrics of this process. */
import { at, counter, gauge, NONE } from '../metric-definition.ts';

const MEGABYTE = 1024 * 1024;

export const PROCESS_METRICS = {
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
};
