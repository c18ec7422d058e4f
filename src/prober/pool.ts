/**
 * The prober threads as the rest of the program sees them: one at the start, more while they are busy and the machine
 * has cores. A job goes to a thread by the host of its URL, so that the limits on one target hold.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import { maxRunningPerThread } from './admission.ts';
import type { GaugeValues } from './gauges.ts';
import type { ProbeJob, ProbeResult, Prober, ProberSettings, ProberStats } from './prober.ts';
import { type ProberThread, startProberThread } from './prober-thread.ts';

export type PoolOptions = {
  settings: ProberSettings;
  /** Most threads there may be. */
  maxThreads: number;
  clock: Clock;
  onResults(results: ProbeResult[]): void;
  /** A thread died; its replacement is on the way. */
  onThreadDeath(error: Error): void;
  /** Visits that may be under way in one thread; what the descriptors of this process allow unless it is given. */
  maxRunning?: number;
  /** The module a thread runs; tests hand in one that dies. */
  threadModule?: URL;
};

const LOOK_EVERY_MS = 5_000;
const BUSY_SHARE = 0.6;
/** A thread is let go when the others would stay well below the share at which one is added. */
const IDLE_SHARE = 0.3;

export function createProberPool(options: PoolOptions): Prober {
  const { clock, maxThreads } = options;
  const maxRunning = options.maxRunning ?? maxRunningPerThread(maxThreads);
  const threads = [startThread()];
  /** Get no more jobs, and end with their last. */
  let leaving: ProberThread[] = [];
  const gone: ProberStats = { threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  let looking: Timer | null = maxThreads > 1 ? clock.after(LOOK_EVERY_MS, look) : null;

  function startThread(): ProberThread {
    return startProberThread({
      settings: options.settings,
      maxRunning,
      clock,
      onResults: options.onResults,
      onThreadDeath: options.onThreadDeath,
      module: options.threadModule ?? new URL('./worker.ts', import.meta.url),
    });
  }

  function look(): void {
    looking = clock.after(LOOK_EVERY_MS, look);
    const shares = threads.map((thread) => thread.busyShare());
    const busy = shares.reduce((sum, share) => sum + share, 0);
    if (busy > threads.length * BUSY_SHARE) {
      if (threads.length < maxThreads) threads.push(startThread());
    } else if (threads.length > 1 && busy < (threads.length - 1) * IDLE_SHARE) leaving.push(...threads.splice(-1));
    leaving = leaving.filter((thread) => thread.inFlight() > 0 || !end(thread));
  }

  function end(thread: ProberThread): true {
    addGauges(gone, { ...thread.gauges(), running: 0, waiting: 0 });
    void thread.stop();
    return true;
  }

  function all(): ProberThread[] {
    return [...threads, ...leaving];
  }

  function submit(jobs: readonly ProbeJob[]): void {
    if (threads.length === 1) {
      threads[0]?.submit(jobs);
      return;
    }
    const shares: ProbeJob[][] = threads.map(() => []);
    for (const job of jobs) shares[hashOf(hostOf(job.url)) % threads.length]?.push(job);
    for (const [index, thread] of threads.entries()) thread.submit(shares[index] ?? []);
  }

  return {
    submit,
    inFlight: () => all().reduce((sum, thread) => sum + thread.inFlight(), 0),
    stats() {
      const stats = { ...gone, threads: threads.length };
      for (const thread of all()) addGauges(stats, thread.gauges());
      return stats;
    },
    async drain() {
      looking?.cancel();
      await Promise.all(all().map((thread) => thread.drain()));
    },
    async stop() {
      looking?.cancel();
      await Promise.all(all().map((thread) => thread.stop()));
    },
  };
}

function addGauges(sum: ProberStats, gauges: GaugeValues): void {
  for (const name of ['running', 'waiting', 'visits', 'voided', 'stalled'] as const) sum[name] += gauges[name];
}

/** Between the two slashes and the next; what is no URL has a host of its own. */
function hostOf(url: string): string {
  const start = url.indexOf('//') + 2;
  const end = url.indexOf('/', start);
  return url.slice(start, end === -1 ? url.length : end);
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
