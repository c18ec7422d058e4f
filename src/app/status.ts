/** Puts together what a running server says of itself, and what is wrong with it in plain sentences. */
import { hostname } from 'node:os';
import type { Status } from '../api/routes/status.ts';
import type { SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../store/database.ts';
import type { EventQueries } from '../store/event-queries.ts';
import type { EventStore } from '../store/events.ts';
import type { History } from '../store/history/history.ts';
import type { ProcessState } from '../store/process-health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LoopDelay } from './own-metrics.ts';
import type { SettingsStatus } from './settings.ts';

export type StatusParts = {
  version: string;
  startedAtMs: number;
  state(): ProcessState;
  engine: Pick<Engine, 'watched' | 'states' | 'proberStats'>;
  events: Pick<EventStore, 'waiting' | 'stats'>;
  history: Pick<History, 'stats'>;
  eventQueries: Pick<EventQueries, 'list'>;
  database: Pick<Database, 'ping' | 'dialect'>;
  metrics: Pick<Metrics, 'read'>;
  looksPerSecond(): number | null;
  loopDelay(): LoopDelay;
  settings(): SettingsStatus;
  minIntervalSeconds(): number;
  clock: Clock;
  /** Absent where there is no such part. */
  gate?: () => NonNullable<Status['gate']>;
  verifiers?: () => NonNullable<Status['verifiers']>;
};

/** Longest that the database may take to be called one that answers. */
const DATABASE_LIMIT_MS = 2_000;
const MOST_EVENTS = 20;
/** Trouble of the monitor itself belongs to no site. */
const NO_SITE = 0n as SiteId;

export function createStatus(parts: StatusParts): () => Promise<Status> {
  return async () => {
    const [database, operatorEvents, byState] = await Promise.all([
      databaseStatus(parts),
      operatorEventsOf(parts),
      parts.engine.states(),
    ]);
    const gate = parts.gate?.();
    const verifiers = parts.verifiers?.();
    const status = {
      version: parts.version,
      host: hostname(),
      pid: process.pid,
      state: parts.state(),
      started_at: new Date(parts.startedAtMs).toISOString(),
      watched: { endpoints: parts.engine.watched(), by_state: byState as Record<string, number> },
      prober: proberStatus(parts),
      dispatch: { looks_per_second: parts.looksPerSecond(), lateness_mean_ms: latenessIn(parts.metrics) },
      operator_events: operatorEvents,
      ...(gate === undefined ? {} : { gate }),
      ...(verifiers === undefined ? {} : { verifiers }),
      ...storeStatus(parts),
      database,
      memory: { rss_bytes: process.memoryUsage.rss(), heap_bytes: process.memoryUsage().heapUsed },
      event_loop: { p99_ms: parts.loopDelay().p99Ms, max_ms: parts.loopDelay().maxMs },
      config: configStatus(parts.settings()),
      limits: { min_check_interval_seconds: parts.minIntervalSeconds() },
    };
    const problems = problemsIn(status);
    return { ok: problems.length === 0, problems, ...status };
  };
}

function proberStatus({ engine }: StatusParts): Status['prober'] {
  const stats = engine.proberStats();
  return { ...stats, void_rate: stats.visits === 0 ? 0 : stats.voided / stats.visits };
}

function storeStatus({ events, history }: StatusParts): Pick<Status, 'events' | 'history'> {
  const { items, outages, heldUp, refused, poisoned } = events.stats();
  const { pending, dropped } = history.stats();
  return {
    events: { waiting: events.waiting(), committed: items, retried: outages + heldUp, lost: refused + poisoned },
    history: { pending, dropped },
  };
}

async function databaseStatus({ database, clock }: StatusParts): Promise<Status['database']> {
  const askedAtMs = clock.monotonicMs();
  const answers = await within(
    clock,
    database.ping().then(
      () => true,
      () => false,
    ),
  );
  const isAnswered = answers === true;
  return {
    kind: database.dialect.name,
    answers: isAnswered,
    took_ms: isAnswered ? Math.round((clock.monotonicMs() - askedAtMs) * 10) / 10 : null,
  };
}

/** None while the database does not answer: that is told by itself. */
async function operatorEventsOf({ eventQueries, clock }: StatusParts): Promise<Status['operator_events']> {
  const open = eventQueries.list(EVERY_SITE, { siteId: NO_SITE, active: true, limit: MOST_EVENTS }).catch(() => []);
  return ((await within(clock, open)) ?? []).map((event) => ({
    id: event.eventId,
    state: event.state,
    summary: String((event.metadata as { summary?: unknown } | null)?.summary ?? event.checkType),
    started_at: new Date(event.startedAtMs).toISOString(),
  }));
}

/** Null when it takes too long. */
async function within<T>(clock: Clock, work: Promise<T>): Promise<T | null> {
  const { promise: timeIsUp, resolve } = Promise.withResolvers<null>();
  const limit = clock.after(DATABASE_LIMIT_MS, () => resolve(null));
  const first = await Promise.race([work, timeIsUp]);
  limit.cancel();
  return first;
}

function latenessIn(metrics: Pick<Metrics, 'read'>): number | null {
  const found = metrics.read().find(({ name }) => name === 'dispatch_lateness');
  const series = found?.kind === 'timer' ? found.series[0] : undefined;
  const count = series?.counts.reduce((sum, one) => sum + one, 0) ?? 0;
  return series === undefined || count === 0 ? null : series.sumMs / count;
}

function configStatus(status: SettingsStatus): Status['config'] {
  return {
    file: status.file,
    reloads: status.reloads,
    reloaded_at: status.reloadedAtMs === null ? null : new Date(status.reloadedAtMs).toISOString(),
    error: status.error,
    changed: [...status.changed],
    restart_needed: [...status.restartNeeded],
  };
}

function problemsIn(status: Omit<Status, 'ok' | 'problems'>): string[] {
  const { database, operator_events, gate, verifiers = [], config } = status;
  return [
    ...(database.answers ? [] : ['the database does not answer']),
    ...operator_events.map(({ summary }) => summary),
    ...(gate?.conditions ?? [])
      .filter(({ holds }) => !holds)
      .map(({ name, why }) => `failures of sites are not believed: ${why ?? name}`),
    ...verifiers
      .filter(({ healthy }) => !healthy)
      .map(({ name, problem }) => `verifier ${name} does not answer${problem === null ? '' : `: ${problem}`}`),
    ...verifiers
      .filter(({ quarantined }) => quarantined)
      .map((one) => `verifier ${one.name} is quarantined since ${one.quarantined_since}: ${one.quarantined_why}`),
    ...(config.error === null ? [] : [`the newest configuration was refused: ${config.error}`]),
  ];
}
