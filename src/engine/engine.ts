/** The engine's life: load what is watched, keep the wheel turning, follow changes, stop without losing a decision. */

import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { DecisionPolicy, OpenIncident } from '../domain/incident.ts';
import type { ProbePlan } from '../domain/probe-plan.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { ProbeResult, Prober, ProberStats } from '../prober/prober.ts';
import type { Changes } from '../store/changes.ts';
import type { Endpoint, Endpoints } from '../store/endpoints.ts';
import type { EventStore } from '../store/events.ts';
import type { History } from '../store/history/history.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import { createAppendDecision } from './append-decision.ts';
import { createHistoryKeeping } from './history-keeping.ts';
import { createPipeline } from './pipeline.ts';
import { createSelfWatch } from './self-watch.ts';
import { type Target, targetOf, untilNextCheck } from './target.ts';
import { createWheel } from './wheel.ts';

export type EngineParts = {
  endpoints: Endpoints;
  events: EventStore;
  runtime: RuntimeStore;
  history: History;
  changes: Changes;
  /** Builds the prober; results are handed to `onResults`. */
  createProber(onResults: (results: ProbeResult[]) => void): Prober;
  clock: Clock;
  log: Log;
  policy: Omit<DecisionPolicy, 'intervalMs'>;
  projectStatus: boolean;
  timeoutMs: number;
  /** How endpoints are probed that want nothing else; the prober's own, so that their jobs need not carry it. */
  plan: ProbePlan;
  newOpId(): string;
};

export type ResultListener = (result: { siteId: SiteId; endpointId: EndpointId }) => void;

export interface Engine {
  start(): Promise<void>;
  /** Records what comes back within a short while, drops the rest, and finishes what is being written. */
  stop(): Promise<void>;
  /** Endpoints that are being watched. */
  watched(): number;
  proberStats(): ProberStats;
  /** Resolves when every change published so far has been taken in. */
  upToDate(): Promise<void>;
  onResult(listener: ResultListener): () => void;
}

/** How often freshness is written, in one transaction, and what could not be read is tried again. */
const HOUSEKEEPING_EVERY_MS = 5_000;

/** For probes that are under way at the end: what a healthy site needs, and less than whoever stops us is willing to wait. */
const DRAIN_FOR_MS = 2_000;
/** For decisions that are being written at the end. */
const SETTLE_FOR_MS = 2_000;

export function createEngine(parts: EngineParts): Engine {
  const targets = new Map<EndpointId, Target>();
  const listeners = new Set<ResultListener>();
  const wheel = createWheel<Target>({ clock: parts.clock, onDue: (due) => pipeline.due(due) });
  const prober = parts.createProber((results) => pipeline.seen(results));
  const pipeline = createPipeline({
    ...parts,
    wheel,
    prober,
    append: createAppendDecision(parts),
    onResult(target) {
      for (const listener of listeners) tell(listener, target);
    },
    onLateWrite({ endpointId }) {
      if (targets.has(endpointId)) follow([endpointId]);
    },
    onWriteFailure({ endpointId, url }, error) {
      parts.log.error(
        { err: error, url },
        'a decision could not be written; the site is read and looked at again soon',
      );
      unread.add(endpointId);
    },
  });
  const selfWatch = createSelfWatch(parts);
  const historyKeeping = createHistoryKeeping(parts);
  let flushing = Promise.resolve();
  let reloading = Promise.resolve();
  let stopped = false;
  let housekeeping: Timer | null = null;
  let unsubscribe = () => {};
  /** Endpoints whose rows must be read again before they are looked at: a change, or a write of unknown outcome. */
  const unread = new Set<EndpointId>();

  /** A listener that fails must not cost the others their news, nor the target its next check. */
  function tell(listener: ResultListener, { siteId, endpointId }: Target): void {
    try {
      listener({ siteId, endpointId });
    } catch (error) {
      parts.log.error({ err: error }, 'a listener failed on a result; the others were told');
    }
  }

  function watch(endpoint: Endpoint, incidents: Map<string, OpenIncident>): Target {
    retire(endpoint.endpointId);
    const target = targetOf(endpoint, incidents, parts);
    targets.set(endpoint.endpointId, target);
    return target;
  }

  /** Returns what was retired. */
  function retire(endpointId: EndpointId): Target | undefined {
    const target = targets.get(endpointId);
    if (target === undefined) return undefined;
    target.retired = true;
    target.job = 0;
    wheel.disarm(target);
    targets.delete(endpointId);
    return target;
  }

  /** Never checked, failing, or overdue: look now. Otherwise keep the place in the round. */
  function delayOfFirstLook(target: Target): number {
    const nowMs = parts.clock.nowMs();
    const latest = parts.runtime.latest(target.endpointId);
    const fresh = latest !== null && latest.state === 'Up' && nowMs - latest.checkedAtMs < target.intervalMs;
    return fresh && target.incidents.size === 0 ? untilNextCheck(target, nowMs) : 0;
  }

  /**
   * A change of configuration is looked at once, because nobody knows yet what it brings. The old target retires
   * before the incidents are read, so that no late write of its own can be missed.
   */
  async function reload(endpointId: EndpointId, before: Target | undefined): Promise<void> {
    retire(endpointId);
    const endpoint = await parts.endpoints.byId(endpointId);
    if (before !== undefined && endpoint?.url !== before.url) parts.runtime.forget(endpointId);
    if (endpoint === null || !endpoint.active) return;
    const incidents = await parts.events.openIncidentsOf(endpointId);
    if (!stopped) wheel.arm(watch(endpoint, incidents), 0);
  }

  function follow(endpointIds: Iterable<EndpointId>): void {
    for (const endpointId of endpointIds) {
      const before = retire(endpointId);
      reloading = reloading
        .then(() => reload(endpointId, before))
        .catch((error: unknown) => {
          unread.add(endpointId);
          parts.log.error(
            { err: error, endpoint: String(endpointId) },
            'a changed site could not be read; tried again soon',
          );
        });
    }
  }

  async function flush(): Promise<void> {
    try {
      await parts.runtime.flush();
    } catch (error) {
      parts.log.warn({ err: error }, 'freshness could not be written; it is kept and tried again');
    }
  }

  async function watchOurselves(): Promise<void> {
    try {
      await selfWatch.look(prober.stats());
    } catch (error) {
      parts.log.warn({ err: error }, 'trouble of our own could not be written; it is tried again');
    }
  }

  async function within(mostMs: number, work: Promise<unknown>): Promise<void> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    const timer = parts.clock.after(mostMs, resolve);
    await Promise.race([work, timeIsUp]);
    timer.cancel();
  }

  function keepHouse(): void {
    housekeeping = parts.clock.after(HOUSEKEEPING_EVERY_MS, () => {
      follow(unread);
      unread.clear();
      flushing = flush()
        .then(watchOurselves)
        .then(() => {
          if (!stopped) keepHouse();
        });
    });
  }

  async function load(): Promise<void> {
    await parts.runtime.load();
    await selfWatch.start();
    const open = await parts.events.openIncidents();
    for (const endpoint of await parts.endpoints.all()) {
      if (!endpoint.active) continue;
      const target = watch(endpoint, open.get(endpoint.endpointId) ?? new Map());
      wheel.arm(target, delayOfFirstLook(target));
    }
  }

  return {
    async start() {
      // From before the first read, so that no change falls between; those that come meanwhile wait until all is loaded.
      unsubscribe = parts.changes.subscribe((change) => {
        if (change.kind === 'site_changed') follow(change.endpointIds);
      });
      const loading = load();
      // Whoever starts the engine hears why it could not load; those that wait for it only need to know it is over.
      reloading = loading.catch(() => {});
      await loading;
      wheel.start();
      keepHouse();
      historyKeeping.start();
    },
    async stop() {
      stopped = true;
      wheel.stop();
      await within(DRAIN_FOR_MS, prober.drain());
      await prober.stop();
      unsubscribe();
      housekeeping?.cancel();
      await reloading;
      await within(SETTLE_FOR_MS, pipeline.settled());
      // A database that is still away will not take them before we end; the next start looks at these sites at once.
      await parts.events.settle();
      await pipeline.settled();
      await flushing;
      await flush();
      await historyKeeping.stop();
    },
    watched: () => targets.size,
    proberStats: () => prober.stats(),
    upToDate: () => reloading,
    onResult(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
