/** The engine's life: put the parts together, keep the wheel turning, stop without losing a decision. */

import type { ServerPolicy } from '../domain/decision-policy.ts';
import type { ProbePlan } from '../domain/probe-plan.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { ProbeResult, Prober, ProberStats } from '../prober/prober.ts';
import type { LookNow } from '../services/look-now.ts';
import type { AuditEntry } from '../store/audit.ts';
import type { Changes } from '../store/changes.ts';
import type { Endpoints } from '../store/endpoints.ts';
import type { EventQueries } from '../store/event-queries.ts';
import type { EventStore } from '../store/events.ts';
import type { FleetRows } from '../store/fleet-rows.ts';
import type { History } from '../store/history/history.ts';
import type { LiveWindows } from '../store/maintenance-windows.ts';
import type { RecentTransitions } from '../store/recent-transitions.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createStateCounts, type WatchedStates } from './count-states.ts';
import { createRegistryFollower } from './follow-registry.ts';
import { createGate, type GateStats } from './gate/gate.ts';
import { createOperatorEvents, type OperatorEvents } from './gate/operator-events.ts';
import { createOwnFailures } from './gate/own-failures.ts';
import { createSelfWatch } from './gate/self-watch.ts';
import { createHistoryKeeping } from './history-keeping.ts';
import { createAppendDecision, createLinkCause } from './judge/append-decision.ts';
import type { Confirm } from './judge/confirm.ts';
import { createDetectionCounts } from './judge/detection-counts.ts';
import { createHeldBack } from './judge/held-back.ts';
import type { Who } from './judge/target.ts';
import { createLookNow } from './look-now.ts';
import type { LookStats } from './looks.ts';
import { createMaintenanceCalendar } from './maintenance-calendar.ts';
import { createPipeline } from './pipeline.ts';
import { createFleet, MARK, marksOn } from './schedule/fleet.ts';
import { createSweep } from './schedule/sweep.ts';
import type { WindowLimits } from './schedule/window.ts';

export type EngineParts = {
  endpoints: Pick<Endpoints, 'byId'>;
  fleetRows: FleetRows;
  events: EventStore;
  eventQueries: Pick<EventQueries, 'list'>;
  recentTransitions: RecentTransitions;
  /** Of what is seen and not told; see audit.ts. */
  recordAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Every plan of maintenance that was not over at an instant. */
  readMaintenance(sinceMs: number): Promise<LiveWindows>;
  runtime: RuntimeStore;
  history: History;
  changes: Changes;
  /** Builds the prober; results are handed to `onResults`. */
  createProber(onResults: (results: ProbeResult[]) => void): Prober;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** As it is when something is decided. */
  policy(): ServerPolicy;
  /** Builds what asks others; it reports trouble with them as events of our own. */
  createConfirm(trouble: Pick<OperatorEvents, 'raise' | 'calm'>, knownUp: () => string | null): Confirm;
  /** URLs that show whether our network works; none: the fleet itself does. */
  referenceTargets: readonly string[];
  projectStatus: boolean;
  /** Of endpoints that name none; may change while it runs. */
  timeoutMs: number;
  /** How endpoints are probed that want nothing else; the prober's own, so that their jobs need not carry it. */
  plan: ProbePlan;
  newOpId(): string;
  /** A comparison of the whole registry with what is watched takes so long; infinite: none is made. */
  reloadEveryMs: number;
  /** Looks in flight; see window.ts. */
  limits?: WindowLimits | undefined;
};

export type ResultListener = (result: Who) => void;

export interface Engine {
  start(): Promise<void>;
  /** Records what comes back within a short while, drops the rest, and finishes what is being written. */
  stop(): Promise<void>;
  /** Endpoints that are being watched. */
  watched(): number;
  proberStats(): ProberStats;
  dispatchStats(): LookStats;
  /** Endpoints on which a failure is being confirmed; counted when asked. */
  confirming(): number;
  gateStats(): GateStats;
  /** How many endpoints are in which state, as it was less than 10 s ago: see count-states.ts. */
  states(): Promise<WatchedStates>;
  /** Looks at an endpoint at once; what is not watched is looked at, too, and nothing booked. */
  lookNow: LookNow;
  /** Resolves when every change published so far has been taken in. */
  upToDate(): Promise<void>;
  onResult(listener: ResultListener): () => void;
}

/** How often freshness is written, in one transaction, with what was held back, and what could not be read is tried again. */
const HOUSEKEEPING_EVERY_MS = 5_000;

/** For probes that are under way at the end: what a healthy site needs, and less than whoever stops us is willing to wait. */
const DRAIN_FOR_MS = 2_000;
/** For decisions that are being written at the end. */
const SETTLE_FOR_MS = 2_000;

export function createEngine(parts: EngineParts): Engine {
  const fleet = createFleet(parts);
  const listeners = new Set<ResultListener>();
  const prober = parts.createProber((results) => pipeline.seen(results));
  const operatorEvents = createOperatorEvents(parts);
  const timed = { ...parts, events: { append: timedAppend(parts) } };
  const ownFailures = createOwnFailures(operatorEvents, fleet.size);
  const confirm = parts.createConfirm(operatorEvents, () => pipeline.knownUp());
  const gate = createGate({
    clock: parts.clock,
    trouble: operatorEvents,
    hasVerifiers: () => confirm.isConfigured,
    counted: marksOn(fleet, MARK.counted),
    references:
      parts.referenceTargets.length === 0
        ? null
        : { urls: parts.referenceTargets, probe: (url, timeoutMs) => pipeline.look(url, timeoutMs) },
    lookNow: (endpointIds) => endpointIds.filter((endpointId) => pipeline.lookNow(endpointId)),
    onSuspects(endpointIds, reason) {
      for (const endpointId of endpointIds) pipeline.withdraw(endpointId, reason);
    },
  });
  const calendar = createMaintenanceCalendar({ ...parts, lookNow: (endpointId) => void pipeline.lookNow(endpointId) });
  const heldBack = createHeldBack(parts);
  const pipeline = createPipeline({
    ...parts,
    heldBack: {
      ...heldBack,
      decided(target, check, before, decision) {
        heldBack.decided(target, check, before, decision);
        if (decision.swallowed && before.maintenance !== null) {
          calendar.swallowed(target, fleet.maintenance(target.slot), before.maintenance);
        }
      },
    },
    maintenanceOf: calendar.begun,
    fleet,
    prober,
    gate,
    confirm,
    append: createAppendDecision(timed),
    linkCause: createLinkCause(timed),
    ownFailures,
    counts: createDetectionCounts(parts.metrics),
    usualMs: parts.runtime.usualMs,
    onResult(who) {
      for (const listener of listeners) tell(listener, who);
    },
    onLateWrite({ endpointId }) {
      registry.follow([endpointId]);
    },
    onWriteFailure({ endpointId }, error) {
      parts.log.error(
        { err: error, endpoint: String(endpointId) },
        'a decision could not be written; the site is read and looked at again soon',
      );
      registry.followLater(endpointId);
    },
  });
  confirm.onChange?.(pipeline.askAgain);
  const selfWatch = createSelfWatch(operatorEvents);
  const historyKeeping = createHistoryKeeping(parts);
  const sweep = createSweep({
    ...parts,
    rows: parts.fleetRows,
    fleet,
    everyMs: parts.reloadEveryMs,
    follow(endpointIds) {
      registry.follow(endpointIds);
      return registry.settled();
    },
  });
  const registry = createRegistryFollower({
    ...parts,
    ...{ fleet, pipeline, gate, ownFailures },
    greet: (slot) => sweep.greet(slot),
  });
  let flushing = Promise.resolve();
  let stopped = false;
  let housekeeping: Timer | null = null;

  /** A listener that fails must not cost the others their news, nor the target its next check. */
  function tell(listener: ResultListener, { siteId, endpointId }: Who): void {
    try {
      listener({ siteId, endpointId });
    } catch (error) {
      parts.log.error({ err: error }, 'a listener failed on a result; the others were told');
    }
  }

  async function flush(): Promise<void> {
    try {
      await parts.runtime.flush();
    } catch (error) {
      parts.log.warn({ err: error }, 'freshness could not be written; it is kept and tried again');
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
      registry.followUnread();
      selfWatch.look(prober.stats());
      flushing = Promise.all([flush(), heldBack.flush()]).then(() => {
        if (!stopped) keepHouse();
      });
    });
  }

  async function readOwnState(): Promise<void> {
    await parts.runtime.load();
    await calendar.start();
    await operatorEvents.start();
  }

  return {
    async start() {
      await registry.load(readOwnState);
      pipeline.start();
      sweep.start();
      keepHouse();
      historyKeeping.start();
    },
    async stop() {
      stopped = true;
      registry.stop();
      pipeline.stop();
      gate.stop();
      await within(DRAIN_FOR_MS, prober.drain());
      await prober.stop();
      pipeline.end();
      registry.close();
      housekeeping?.cancel();
      await sweep.stop();
      await calendar.stop();
      await registry.settled();
      await within(SETTLE_FOR_MS, pipeline.settled());
      operatorEvents.stop();
      await within(SETTLE_FOR_MS, operatorEvents.flush());
      // A database that is still away will not take them before we end; the next start looks at these sites at once.
      await parts.events.settle();
      await pipeline.settled();
      await flushing;
      await flush();
      await heldBack.flush();
      await historyKeeping.stop();
    },
    watched: fleet.size,
    proberStats: () => prober.stats(),
    dispatchStats: pipeline.stats,
    confirming: pipeline.confirming,
    gateStats: gate.stats,
    lookNow: createLookNow({
      pipeline,
      plan: parts.plan,
      timeoutMs: () => parts.timeoutMs,
      upToDate: registry.settled,
      isStopped: () => stopped,
    }),
    states: createStateCounts({
      ...parts,
      fleet,
      incidentsAt: pipeline.incidentsAt,
      isInMaintenance(slot) {
        const who = { endpointId: fleet.endpointId(slot), siteId: fleet.siteId(slot) };
        return calendar.isOn(who, fleet.maintenance(slot));
      },
    }),
    async upToDate() {
      await Promise.all([registry.settled(), calendar.upToDate()]);
    },
    onResult(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Waits in the queue of the store included: that is how long whoever reads the log waits for the truth. */
function timedAppend({ events, clock, metrics }: Pick<EngineParts, 'events' | 'clock' | 'metrics'>) {
  const duration = metrics.timer('event_append_duration');
  return async (input: Parameters<EventStore['append']>[0]): ReturnType<EventStore['append']> => {
    const beganMs = clock.monotonicMs();
    const appended = await events.append(input);
    duration.observe(clock.monotonicMs() - beganMs);
    return appended;
  };
}
