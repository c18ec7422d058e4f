/** What a prober thread is started with and what it is told, in one place for both sides of the border. */
import type { Gauges } from './gauges.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { PackedJobs, PackedResults } from './packing.ts';
import type { ProberSettings } from './prober.ts';

export type ThreadData = {
  settings: ProberSettings;
  heartbeat: Heartbeat;
  gauges: Gauges;
  /** Visits under way at once; the rest waits in order. */
  maxRunning: number;
};

/** From the pool to a thread. */
export type ThreadOrder = { kind: 'jobs'; jobs: PackedJobs } | { kind: 'drain' };

/** From a thread to the pool. `drained`: nothing runs any more, and nothing more will come. */
export type ThreadReport = { kind: 'results'; results: PackedResults } | { kind: 'drained' };
