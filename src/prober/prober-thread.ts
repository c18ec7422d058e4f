/**
 * One prober thread and the jobs aboard it. A thread that dies, or gives no sign of life and is ended, is replaced and
 * its jobs run again; a job that was aboard twice when a thread died is answered as our own failure, so that no site can
 * keep us down.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../lib/clock.ts';
import { createGauges, type GaugeValues, readGauges } from './gauges.ts';
import { createHeartbeat, SILENT_AFTER_MS, watchHeartbeat } from './heartbeat.ts';
import { packJobs, unpackResults } from './packing.ts';
import type { ProbeJob, ProbeResult, ProberSettings } from './prober.ts';
import { proberFailed } from './run-job.ts';
import type { ThreadData, ThreadOrder, ThreadReport } from './thread-data.ts';

export interface ProberThread {
  submit(jobs: readonly ProbeJob[]): void;
  inFlight(): number;
  /** What it did since it was made, over all replacements. */
  gauges(): GaugeValues;
  /** Share of the time since the last call, or the start, in which it was busy: 0 to 1. */
  busyShare(): number;
  /** Drops what waits, reports what runs, and ends. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export type ProberThreadOptions = {
  settings: ProberSettings;
  maxRunning: number;
  clock: Clock;
  onResults(results: ProbeResult[]): void;
  onThreadDeath(error: Error): void;
  module: URL;
};

type Aboard = { job: ProbeJob; deaths: number };

const MAX_DEATHS = 2;
/** A thread that dies at once must not make us spin: the wait doubles until a thread has answered. */
const RESTART_AFTER_MS = 100;
const MAX_RESTART_AFTER_MS = 5_000;

/**
 * Room for objects that die young, MiB per half: with less, a thread collects garbage a sixth of its time, because every
 * probe under way holds on to a little. A flag and no resource limit: threads read the flags when they start, and the one
 * by which the program keeps its main heap small would win over a limit.
 */
const YOUNG_HALF_MB = 8;

/** Far more than the most probes under way can hold on to; without a limit, garbage is left lying for longer than it is worth. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 768 };

export function startProberThread(options: ProberThreadOptions): ProberThread {
  const { clock } = options;
  const aboard = new Map<number, Aboard>();
  const gone: GaugeValues = { running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  let stopping = false;
  let restartAfterMs = RESTART_AFTER_MS;
  let restart: Timer | null = null;
  let gauges = createGauges();
  let onDrained = (): void => {};
  let lastUtilization: ReturnType<typeof performance.eventLoopUtilization> | undefined;
  /** Null between the death of a thread and its replacement. */
  let worker: Worker | null = startWorker();

  function startWorker(): Worker {
    const heartbeat = createHeartbeat();
    gauges = createGauges();
    lastUtilization = undefined;
    const { settings, maxRunning } = options;
    const workerData: ThreadData = { settings, heartbeat, gauges, maxRunning };
    setFlagsFromString(`--max-semi-space-size=${YOUNG_HALF_MB}`);
    const started = new Worker(options.module, { workerData, name: 'prober', resourceLimits: RESOURCE_LIMITS });
    let cause = new Error('the prober thread ended by itself');
    const watch = watchHeartbeat(heartbeat, clock, () => {
      cause = new Error(`the prober thread gave no sign of life for ${SILENT_AFTER_MS / 1_000} s`);
      // Its end is heard as the event below.
      void started.terminate();
    });
    started.on('message', (report: ThreadReport) => {
      restartAfterMs = RESTART_AFTER_MS;
      if (report.kind === 'results') deliver(unpackResults(report.results));
      else onDrained();
    });
    started.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    started.on('exit', () => {
      watch.cancel();
      if (!stopping) survive(cause);
    });
    return started;
  }

  function send(to: Worker, order: ThreadOrder): void {
    to.postMessage(order);
  }

  /** Charges the death to those who were aboard; jobs that come from here on wait for the next thread. */
  function survive(cause: Error): void {
    worker = null;
    const { visits, voided, stalled } = readGauges(gauges);
    gone.visits += visits;
    gone.voided += voided;
    gone.stalled += stalled;
    restart = clock.after(restartAfterMs, replaceThread);
    restartAfterMs = Math.min(restartAfterMs * 2, MAX_RESTART_AFTER_MS);
    options.onThreadDeath(cause);
    const failed: ProbeResult[] = [];
    for (const entry of aboard.values()) {
      entry.deaths += 1;
      if (entry.deaths < MAX_DEATHS) continue;
      failed.push({ id: entry.job.id, observation: proberFailed(entry.job, clock.nowMs(), cause) });
    }
    deliver(failed);
  }

  function replaceThread(): void {
    worker = startWorker();
    if (aboard.size > 0) send(worker, { kind: 'jobs', jobs: packJobs([...aboard.values()].map(({ job }) => job)) });
  }

  function deliver(results: ProbeResult[]): void {
    if (stopping) return;
    const wanted = results.filter((result) => aboard.delete(result.id));
    if (wanted.length > 0) options.onResults(wanted);
  }

  async function stop(): Promise<void> {
    stopping = true;
    restart?.cancel();
    aboard.clear();
    onDrained();
    await worker?.terminate();
  }

  return {
    submit(jobs) {
      if (stopping || jobs.length === 0) return;
      for (const job of jobs) aboard.set(job.id, { job, deaths: 0 });
      if (worker !== null) send(worker, { kind: 'jobs', jobs: packJobs(jobs) });
    },
    inFlight: () => aboard.size,
    gauges() {
      const { running, waiting, visits, voided, stalled } = readGauges(gauges);
      return {
        running,
        waiting,
        visits: gone.visits + visits,
        voided: gone.voided + voided,
        stalled: gone.stalled + stalled,
      };
    },
    busyShare() {
      if (worker === null) return 0;
      const now = worker.performance.eventLoopUtilization();
      const since = lastUtilization === undefined ? now : performance.eventLoopUtilization(now, lastUtilization);
      lastUtilization = now;
      return since.utilization;
    },
    async drain() {
      // A thread that is dead has nothing under way.
      if (worker !== null && !stopping) {
        const { promise, resolve } = Promise.withResolvers<void>();
        onDrained = resolve;
        worker.once('exit', () => resolve());
        send(worker, { kind: 'drain' });
        await promise;
      }
      await stop();
    },
    stop,
  };
}
