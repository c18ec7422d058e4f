/**
 * One prober thread and the jobs aboard it. A thread that dies, or gives no sign of life and is ended, is replaced and
 * its jobs run again; a job that was aboard twice when a thread died is answered as our own failure, so that no site can
 * keep us down. The jobs of a dead thread are suspects: the next one gets few of them at a time, so that the one that
 * kills takes few others with it, and more at a time the longer nothing happens.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../lib/clock.ts';
import { createQueue } from '../lib/queue.ts';
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

/** `isHanded`: to the thread that lives; a death is charged to no other. */
type Aboard = { job: ProbeJob; deaths: number; isHanded: boolean };

const MAX_DEATHS = 2;
/** Suspects in the thread at a time: one more with each that is answered, so that thousands take minutes and not hours. */
const FIRST_SUSPECTS = 8;
const MAX_SUSPECTS = 256;
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
  /** Those of a dead thread that no other has been handed yet. */
  let suspects = createQueue<Aboard>();
  let suspectsHanded = 0;
  let maxSuspects = FIRST_SUSPECTS;
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
    // What was added up must not be read again before the next thread counts.
    gauges = createGauges();
    restart = clock.after(restartAfterMs, replaceThread);
    restartAfterMs = Math.min(restartAfterMs * 2, MAX_RESTART_AFTER_MS);
    options.onThreadDeath(cause);
    const failed = charge();
    suspectsHanded = 0;
    maxSuspects = FIRST_SUSPECTS;
    deliver(failed.map(({ job }) => ({ id: job.id, observation: proberFailed(job, clock.nowMs(), cause) })));
  }

  /** Returns those that have now been aboard once too often. */
  function charge(): Aboard[] {
    const failed: Aboard[] = [];
    suspects = createQueue();
    for (const entry of aboard.values()) {
      if (entry.isHanded) entry.deaths += 1;
      entry.isHanded = false;
      if (entry.deaths >= MAX_DEATHS) failed.push(entry);
      else if (entry.deaths > 0) suspects.push(entry);
    }
    return failed;
  }

  /** The jobs that came while there was no thread are no suspects, and go aboard at once. */
  function replaceThread(): void {
    worker = startWorker();
    handSuspects();
    hand([...aboard.values()].filter(({ deaths }) => deaths === 0));
  }

  function handSuspects(): void {
    if (worker === null) return;
    const next: Aboard[] = [];
    while (suspectsHanded < maxSuspects) {
      const suspect = suspects.shift();
      if (suspect === undefined) break;
      suspectsHanded += 1;
      next.push(suspect);
    }
    hand(next);
  }

  function hand(entries: readonly Aboard[]): void {
    if (worker === null || entries.length === 0) return;
    for (const entry of entries) entry.isHanded = true;
    send(worker, { kind: 'jobs', jobs: packJobs(entries.map(({ job }) => job)) });
  }

  function deliver(results: ProbeResult[]): void {
    if (stopping) return;
    const wanted = results.filter(({ id }) => claim(id));
    if (suspects.size() > 0) handSuspects();
    if (wanted.length > 0) options.onResults(wanted);
  }

  function claim(id: number): boolean {
    const entry = aboard.get(id);
    if (entry === undefined) return false;
    if (entry.deaths > 0 && entry.isHanded) {
      suspectsHanded -= 1;
      maxSuspects = Math.min(maxSuspects + 1, MAX_SUSPECTS);
    }
    return aboard.delete(id);
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
      const entries = jobs.map((job) => ({ job, deaths: 0, isHanded: false }));
      for (const entry of entries) aboard.set(entry.job.id, entry);
      hand(entries);
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
