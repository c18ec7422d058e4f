/** Everything by which an operator sees how the server fares: its metrics, its status, and whom it tells by itself. */
import { hostname } from 'node:os';
import type { StatusOf } from '../api/routes/status.ts';
import type { WatchedStates } from '../engine/count-states.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../lib/clock.ts';
import { type ProcessState, writeProcessHealth } from '../store/process-health.ts';
import { driftPage } from '../store/projection-drift.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { writeStatsFiles } from '../telemetry/stats-files.ts';
import { countLooks, type LookTotals } from './count-looks.ts';
import { countTransitions } from './count-transitions.ts';
import { dispatchMetrics, gateMetrics, verifierMetrics } from './detection-metrics.ts';
import type { Store } from './open-store.ts';
import { proberMetrics, processMetrics, stateMetrics, storeMetrics, watchLoop } from './own-metrics.ts';
import { createProjectionWatch } from './projection-watch.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { roundMetrics } from './round-metrics.ts';
import type { Settings } from './settings.ts';
import { createStatsdSink } from './statsd-sink.ts';
import { createStatus } from './status.ts';
import { gateStatus, verifierStatus } from './status-parts.ts';
import type { Verifiers } from './verifiers.ts';
import { packageVersion } from './version.ts';

/** Shown before the first of them comes, so that whoever asks for a rate does not miss it. */
const COUNTED_FROM_NOTHING = [
  'registry_unread',
  'retry',
  'recovery',
  'withdrawn',
  'regional',
  'no_verdict',
  'verifier_escalation',
  'verifier_quorum_met',
  'verifier_no_clients',
] as const;

export interface Operations {
  status: StatusOf;
  start(): void;
  /** Tells of a change of state without waiting for the next interval. */
  tellNow(): void;
  stop(): Promise<void>;
}

export type OperationsParts = {
  store: Store;
  engine: Pick<
    Engine,
    'watched' | 'states' | 'proberStats' | 'dispatchStats' | 'confirming' | 'gateStats' | 'onResult'
  >;
  metrics: Metrics;
  settings: Settings;
  state(): ProcessState;
  apiPort: number | null;
  clock: Clock;
  log: Log;
  /** Null: there are none. */
  verifiers: Pick<Verifiers, 'report'> | null;
};

export function createOperations(parts: OperationsParts): Operations {
  const { store, engine, metrics, settings, verifiers, clock, log } = parts;
  const version = packageVersion();
  const startedAtMs = clock.nowMs();
  const totals = countLooks({ ...engine, ...store, metrics });
  const loop = watchLoop(metrics);
  const statsd = createStatsdSink({ metrics, settings, clock });
  let states: WatchedStates | null = null;
  proberMetrics(metrics, engine);
  dispatchMetrics(metrics, engine);
  gateMetrics(metrics, engine);
  if (verifiers !== null) verifierMetrics(metrics, verifiers.report);
  storeMetrics(metrics, store);
  processMetrics(metrics, { version, startedAtMs });
  stateMetrics(metrics, () => states);
  countTransitions(store.changes, metrics);
  for (const name of COUNTED_FROM_NOTHING) metrics.count(name, 0);
  const looks = () => totals.healthy + totals.failed + totals.unknown;
  const endRound = roundMetrics(metrics, { ...engine, completed: looks, states: () => states });
  const projection = createProjectionWatch({
    isProjected: settings.current().LEGACY_STATUS_PROJECTION_ENABLE,
    read: (after, limit) => driftPage(store.database.kysely, after, limit),
    ...{ metrics, clock, log },
  });

  const reporter: Reporter = createReporter({
    sinks: [
      ...statsd.sinks,
      { to: 'files', tell: () => tellFiles(parts, totals, reporter.perSecond()) },
      { to: 'health', tell: () => tellHealth(parts, { version, startedAtMs }) },
      {
        to: 'states',
        async tell() {
          states = await engine.states();
        },
      },
    ],
    looks,
    intervalMs: () => settings.current().STATS_UPDATE_INTERVAL_MS,
    onTurn() {
      loop.turn();
      endRound();
    },
    metrics,
    clock,
    log,
  });
  metrics.gauge('looks_per_second', () => reporter.perSecond() ?? Number.NaN);

  return {
    status: createStatus({
      ...store,
      ...parts,
      gate: () => gateStatus(engine.gateStats()),
      verifiers: () => verifierStatus(verifiers?.report().verifiers ?? []),
      version,
      startedAtMs,
      looksPerSecond: reporter.perSecond,
      loopDelay: loop.newest,
      settings: settings.status,
      minIntervalSeconds: () => settings.current().MIN_CHECK_INTERVAL_SECONDS,
    }),
    start() {
      reporter.start();
      projection.start();
    },
    tellNow: reporter.tellNow,
    async stop() {
      await projection.stop();
      await reporter.stop();
      loop.stop();
      statsd.close();
    },
  };
}

async function tellFiles(
  { settings, engine, metrics }: OperationsParts,
  totals: LookTotals,
  perSecond: number | null,
): Promise<void> {
  const { STATS_DIR: folder } = settings.current();
  if (folder === undefined) return;
  const { running, waiting } = engine.proberStats();
  const due = metrics.read().find(({ name }) => name === 'due_waiting');
  await writeStatsFiles(folder, {
    sitesPerSecond: perSecond ?? 0,
    queued: waiting + (due?.kind === 'gauge' ? (due.series[0]?.value ?? 0) : 0),
    working: running,
    waiting,
    error: totals.unknown,
    offline: totals.failed,
    success: totals.healthy,
  });
}

async function tellHealth(
  { store, engine, clock, state, apiPort }: OperationsParts,
  { version, startedAtMs }: { version: string; startedAtMs: number },
): Promise<void> {
  const { threads, running, waiting } = engine.proberStats();
  await writeProcessHealth(store.database, {
    hostId: hostname(),
    processType: 'monitor',
    pid: process.pid,
    version,
    runtimeVersion: process.version,
    state: state(),
    healthy: store.events.waiting() === 0,
    startedAtMs,
    updatedAtMs: clock.nowMs(),
    apiPort,
    workers: threads,
    activeChecks: running,
    queueDepth: waiting,
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage.rss(),
  });
}
