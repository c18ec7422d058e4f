/**
 * A program: the engine as the server builds it, on an embedded database of many endpoints, with a prober that makes its
 * results up. Takes `WheelWorldOptions` as JSON and prints a `WheelWorldReport`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { DEFAULT_POLICY } from '../../src/domain/decision-policy.ts';
import { DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { NO_VERIFIERS } from '../../src/engine/judge/confirm.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { recordAudit } from '../../src/store/audit.ts';
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import { createEvents } from '../../src/store/events.ts';
import { createFleetRows } from '../../src/store/fleet-rows.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { createRecentTransitions } from '../../src/store/recent-transitions.ts';
import { createRuntime } from '../../src/store/runtime.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createMadeUpProber, INTERVAL_MS } from './made-up-prober.ts';

export type WheelWorldOptions = {
  /** The embedded database. */
  file: string;
  targets: number;
  /** One look in so many fails. */
  failingOneIn: number;
  /** How long a look takes. */
  latencyMs: number;
  /** How long is measured once every target was looked at. */
  measuredMs: number;
  firstRoundLimitMs: number;
};

export type WheelWorldReport = {
  fillMs: number;
  /** Growth of the resident memory, over targets. */
  bytesFilled: number;
  bytesRunning: number;
  latenessMs: { p50: number | null; p99: number | null; max: number | null };
  /** Looks in the time that was measured, and how many were due then. */
  looks: number;
  due: number;
  /** Targets whose last look is older than a round. */
  overdue: number;
  opened: number;
};

const options = JSON.parse(process.argv[2] ?? '') as WheelWorldOptions;
const clock = systemClock;
const log = silentLog;
watchLifeline(process.env, () => process.exit());

const db = await openDatabase({ url: `sqlite:${options.file}` });
const changes = createChanges({ log });
const history = createHistory({ db, clock, log, writer: 'prove' });
const prober = createMadeUpProber({ ...options, clock });
let opened = 0;
changes.subscribe((change) => {
  if (change.kind === 'committed' && change.transitions[0]?.reason === 'opened') opened += 1;
});
const beforeBytes = rss();
const startMs = performance.now();
const engine = createEngine({
  endpoints: createEndpoints(db),
  fleetRows: createFleetRows(db),
  events: createEvents({ db, changes }),
  eventQueries: createEventQueries(db),
  recentTransitions: createRecentTransitions(db),
  recordAudit: (entries) => recordAudit(db.kysely, entries),
  readMaintenance: async () => ({ windows: [], sitesOf: new Map() }),
  runtime: createRuntime({ db, clock, history }),
  history,
  changes,
  createProber: prober.create,
  clock,
  log,
  metrics: createMetrics(),
  policy: () => ({ ...DEFAULT_POLICY, attemptsToConfirm: 3 }),
  createConfirm: () => NO_VERIFIERS,
  referenceTargets: [],
  projectStatus: true,
  timeoutMs: 10_000,
  plan: DEFAULT_PLAN,
  newOpId: () => Buffer.from(systemRandom.bytes(16)).toString('hex'),
  reloadEveryMs: 300_000,
});
await engine.start();
const fillMs = performance.now() - startMs;
const bytesFilled = (rss() - beforeBytes) / options.targets;
await firstRound();
const { looks: before } = prober.counts();
await delay(options.measuredMs);
const { latenessMs } = engine.dispatchStats();
const { looks } = prober.counts();
const report: WheelWorldReport = {
  fillMs,
  bytesFilled,
  bytesRunning: (rss() - beforeBytes) / options.targets,
  latenessMs,
  looks: looks - before,
  due: Math.floor((options.targets * options.measuredMs) / INTERVAL_MS),
  overdue: prober.overdue(),
  opened,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit();

async function firstRound(): Promise<void> {
  const untilMs = performance.now() + options.firstRoundLimitMs;
  while (prober.counts().targets < options.targets) {
    if (performance.now() > untilMs) throw new Error(`only ${prober.counts().targets} targets were looked at`);
    await delay(500);
  }
  // What the first round stirred up settles.
  await delay(10_000);
}

/** What is garbage is not held. */
function rss(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss();
}
