/**
 * The prober threads as the rest of the program sees them. A thread that dies, or gives no sign of life and is ended,
 * is replaced and its jobs run again; a job that was aboard twice when a thread died is answered as our own failure,
 * so that no site can keep us down.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../lib/clock.ts';
import { createHeartbeat, SILENT_AFTER_MS, watchHeartbeat } from './heartbeat.ts';
import { type PackedResults, unpack } from './packing.ts';
import type { ProbeJob, ProbeResult, Prober, ProberSettings, ThreadData } from './prober.ts';
import { proberFailed } from './run-job.ts';

export type PoolOptions = {
  settings: ProberSettings;
  clock: Clock;
  onResults(results: ProbeResult[]): void;
  /** A thread died; its replacement is on the way. */
  onThreadDeath(error: Error): void;
  /** The module a thread runs; tests hand in one that dies. */
  threadModule?: URL;
};

type Aboard = { job: ProbeJob; deaths: number };

const MAX_DEATHS = 2;
/** A thread that dies at once must not make us spin: the wait doubles until a thread has answered. */
const RESTART_AFTER_MS = 100;
const MAX_RESTART_AFTER_MS = 5_000;

export function createProberPool(options: PoolOptions): Prober {
  const { clock } = options;
  const aboard = new Map<number, Aboard>();
  let stopping = false;
  let restartAfterMs = RESTART_AFTER_MS;
  let restart: Timer | null = null;
  /** Null between the death of a thread and its replacement. */
  let worker: Worker | null = startThread();

  function startThread(): Worker {
    const heartbeat = createHeartbeat();
    const workerData: ThreadData = { settings: options.settings, heartbeat };
    const thread = new Worker(options.threadModule ?? new URL('./worker.ts', import.meta.url), {
      workerData,
      name: 'prober',
    });
    let cause = new Error('the prober thread ended by itself');
    const watch = watchHeartbeat(heartbeat, clock, () => {
      cause = new Error(`the prober thread gave no sign of life for ${SILENT_AFTER_MS / 1_000} s`);
      // Its end is heard as the event below.
      void thread.terminate();
    });
    thread.on('message', (packed: PackedResults) => {
      restartAfterMs = RESTART_AFTER_MS;
      deliver(unpack(packed));
    });
    thread.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    thread.on('exit', () => {
      watch.cancel();
      if (!stopping) survive(cause);
    });
    return thread;
  }

  /** Charges the death to those who were aboard; jobs that come from here on wait for the next thread. */
  function survive(cause: Error): void {
    worker = null;
    restart = clock.after(restartAfterMs, replaceThread);
    restartAfterMs = Math.min(restartAfterMs * 2, MAX_RESTART_AFTER_MS);
    options.onThreadDeath(cause);
    const failed: ProbeResult[] = [];
    for (const entry of aboard.values()) {
      entry.deaths += 1;
      if (entry.deaths < MAX_DEATHS) continue;
      failed.push({ id: entry.job.id, observation: proberFailed(entry.job.url, clock.nowMs(), cause) });
    }
    deliver(failed);
  }

  function replaceThread(): void {
    worker = startThread();
    if (aboard.size > 0) worker.postMessage([...aboard.values()].map(({ job }) => job));
  }

  function deliver(results: ProbeResult[]): void {
    if (stopping) return;
    const wanted = results.filter((result) => aboard.delete(result.id));
    if (wanted.length > 0) options.onResults(wanted);
  }

  return {
    submit(jobs) {
      if (stopping || jobs.length === 0) return;
      for (const job of jobs) aboard.set(job.id, { job, deaths: 0 });
      worker?.postMessage(jobs);
    },
    inFlight: () => aboard.size,
    async stop() {
      stopping = true;
      restart?.cancel();
      aboard.clear();
      await worker?.terminate();
    },
  };
}
