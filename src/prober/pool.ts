/**
 * The prober threads as the rest of the program sees them: one at the start, more while they are busy and the machine
 * has cores. A job goes to a thread by the host name of its URL, so that the limit on one target holds as it is. The hosts
 * of one network may be spread over all threads, so each thread gets its share of the limit on a network.
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
/** Seen busy so many times in a row: the round that a start brings is over sooner than a thread is warm. */
const BUSY_LOOKS = 3;
/** A thread is let go when the others would stay well below the share at which one is added. */
const IDLE_SHARE = 0.3;

export function createProberPool(options: PoolOptions): Prober {
  const { clock, maxThreads } = options;
  const maxRunning = options.maxRunning ?? maxRunningPerThread(maxThreads);
  const threads = [startThread()];
  /** Get no more jobs, and end with their last. */
  let leaving: ProberThread[] = [];
  let busyLooks = 0;
  const gone: ProberStats = { threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  let looking: Timer | null = maxThreads > 1 ? clock.after(LOOK_EVERY_MS, look) : null;

  function startThread(): ProberThread {
    return startProberThread({
      settings: settingsOfThread(options.settings, maxThreads),
      maxRunning,
      clock,
      onResults: options.onResults,
      onThreadDeath: options.onThreadDeath,
      module: options.threadModule ?? new URL('./worker.ts', import.meta.url),
    });
  }

  function look(): void {
    looking = clock.after(LOOK_EVERY_MS, look);
    const shares = threads.map((thread) => Math.max(thread.busyShare(), fullShare(thread)));
    const busy = shares.reduce((sum, share) => sum + share, 0);
    const isBusy = busy > threads.length * BUSY_SHARE;
    busyLooks = isBusy ? busyLooks + 1 : 0;
    if (isBusy || threads.some(holdsBack)) {
      const isShort = busyLooks >= BUSY_LOOKS || threads.some(holdsBack);
      if (isShort && threads.length < maxThreads) threads.push(startThread());
    } else if (threads.length > 1 && busy < (threads.length - 1) * IDLE_SHARE) leaving.push(...threads.splice(-1));
    leaving = leaving.filter((thread) => thread.inFlight() > 0 || !end(thread));
  }

  /** Jobs can fill a thread that has little to do: those of sites that hang. */
  function fullShare(thread: ProberThread): number {
    return Math.min(1, thread.gauges().running / maxRunning);
  }

  /** Jobs wait because the thread may have no more under way, and not because a batch has just come. */
  function holdsBack(thread: ProberThread): boolean {
    return thread.gauges().waiting > 0 && fullShare(thread) === 1;
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

/** However many threads there are at the moment; 0 stays no limit. */
function settingsOfThread(settings: ProberSettings, maxThreads: number): ProberSettings {
  const { perHost, perNetwork } = settings.limits;
  const share = perNetwork === 0 ? 0 : Math.max(1, Math.floor(perNetwork / maxThreads));
  return { ...settings, limits: { perHost, perNetwork: share } };
}

/** The host name between user info and port, without the cost of parsing the rest. */
const HOST = /\/\/(?:[^/?#\\]*@)?(\[[^\]]*\]|[^/?#\\:]*)/;

/** What is no URL has a host of its own. */
export function hostOf(url: string): string {
  return HOST.exec(url)?.[1]?.toLowerCase() ?? url;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
