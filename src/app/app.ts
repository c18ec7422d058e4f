/** The running server, as the list of its parts: store, API with the page, engine with its prober. */
import { fileURLToPath } from 'node:url';
import { type ApiServer, createApiServer, type Listening } from '../api/server.ts';
import { AppError } from '../domain/errors.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import type { SitePolicy } from '../services/deps.ts';
import { type WatchedUrl, watchUrl } from '../services/watch-url.ts';
import type { ProcessState } from '../store/process-health.ts';
import type { AdjustableLog, Log } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createEgressGuard, type EgressSettings } from '../wire/egress-guard.ts';
import { requireBindSource } from './bind-source.ts';
import type { Config, LoadedConfig } from './config.ts';
import { decisionPolicy } from './decision-policy.ts';
import { listenRefusal } from './listen-refusal.ts';
import { localKey } from './local-key.ts';
import { logTransitions } from './log-transitions.ts';
import { openStore } from './open-store.ts';
import { createOperations, type Operations } from './operations.ts';
import { ownListeners } from './own-listeners.ts';
import { writePidFile } from './pid-file.ts';
import { createProber, defaultPlan } from './prober.ts';
import { createSettings, type SettingsStatus } from './settings.ts';
import { verifierList } from './status-parts.ts';
import { createVerifiers, type Verifiers } from './verifiers.ts';

export type App = {
  /** Where the page and the API are, such as `http://127.0.0.1:8080`. */
  address: string;
  /** Endpoints that are being checked. */
  watched(): number;
  /** Watches a URL; says so when it was watched already, paused or removed. */
  addSite(site: { url: string; intervalSeconds: number }): Promise<WatchedUrl>;
  /** Resolves with the reason when the server can do nothing for its sites any more. */
  lost: Promise<Error>;
  /** Reads the configuration again, and takes of it what can be taken while we run. Never throws. */
  reload(): SettingsStatus;
  /** Stops in order: no new looks, those under way may finish for a while, what is being written is written. */
  stop(): Promise<void>;
};

/** The built page. */
const PAGE = fileURLToPath(new URL('../../web/dist', import.meta.url));

export type AppOptions = {
  loaded: Pick<LoadedConfig, 'config' | 'file'>;
  /** Reads the configuration again; throws when it is not usable. */
  readConfig(): LoadedConfig;
  log: AdjustableLog;
};

/** Starts everything, or throws AppError and leaves nothing running. */
export async function startApp({ loaded, readConfig, log }: AppOptions): Promise<App> {
  const { config } = loaded;
  await requireBindSource(config);
  const settings = createSettings({ loaded, read: readConfig, clock: systemClock, log });
  const metrics = createMetrics();
  metrics.counterFrom('log_lines_dropped', log.dropped);
  let state: ProcessState = 'starting';
  let operations: Operations | null = null;
  let removePidFile = () => {};
  const store = await openStore(config, 'serve', log);
  const undo: (() => Promise<void>)[] = [
    async () => {
      state = 'stopped';
      await operations?.stop();
      await store.close();
      removePidFile();
    },
  ];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const deps = { ...store, clock: systemClock, random: systemRandom };
    const policy = sitePolicy(settings.current);
    let engine: Engine | null = null;
    let verifiers: Verifiers | null = null;
    const api = createApiServer({
      deps,
      policy,
      log,
      localKey: localKey(config.JETMON_DATA_DIR, systemRandom),
      tenantPerMinute: () => settings.current().TENANT_RATE_LIMIT_PER_MINUTE,
      page: PAGE,
      onResult: (listener) => engine?.onResult(listener) ?? (() => {}),
      proberStats: () => engine?.proberStats() ?? null,
      async verifiers() {
        const said = await verifiers?.selfReports();
        return verifierList(verifiers?.report() ?? { verifiers: [], quorum: 0 }, said ?? new Map());
      },
      async lookNow(endpoint, signal, scope) {
        if (engine !== null) return engine.lookNow(endpoint, signal, scope);
        throw isStarting();
      },
      async status() {
        if (operations !== null) return operations.status();
        throw isStarting();
      },
      metrics: { metrics, isPublic: () => settings.current().METRICS_PUBLIC },
    });
    metrics.counterFrom('api_access_lost', api.accessLost);
    undo.push(() => api.close());
    const { address, bound } = await listen(api, config);
    const egress: EgressSettings = {
      allow: config.EGRESS_ALLOW,
      allowPrivate: false,
      ownListeners: ownListeners(config.HTTP_BIND, bound),
    };
    sayPolicy(egress, log);
    engine = createEngine({
      ...deps,
      log,
      createProber: (onResults) =>
        createProber(config, {
          egress,
          onResults,
          onThreadDeath: (error) => log.error({ err: error }, 'a prober thread died and is being replaced'),
        }),
      metrics,
      policy: () => decisionPolicy(settings.current(), verifiers?.isConfigured === true),
      createConfirm(trouble, knownUp) {
        verifiers = createVerifiers({ settings, trouble, knownUp, log, metrics });
        return verifiers;
      },
      referenceTargets: config.REFERENCE_TARGETS,
      projectStatus: config.LEGACY_STATUS_PROJECTION_ENABLE,
      get timeoutMs() {
        return settings.current().NET_COMMS_TIMEOUT * 1000;
      },
      plan: defaultPlan(config),
      reloadEveryMs: config.STREAMING_TARGET_RELOAD_SEC * 1000,
      newOpId: () => Buffer.from(systemRandom.bytes(16)).toString('hex'),
    });
    const { watched, upToDate, stop: stopEngine } = engine;
    const asked = verifiers as Verifiers | null;
    operations = createOperations({
      store,
      engine,
      metrics,
      settings,
      state: () => state,
      verifiers: asked,
      apiPort: bound[0]?.port ?? null,
      clock: systemClock,
      log,
    });
    undo.push(async () => {
      state = 'draining';
      operations?.tellNow();
      await stopEngine();
      asked?.stop();
      state = 'stopping';
    });
    settings.subscribe(({ LOG_LEVEL }) => log.setLevel(LOG_LEVEL));
    sayProjection(config, log);
    if (asked?.isConfigured !== true) log.debug('no verifiers: Down rests on what this process alone sees');
    logTransitions(store, log);
    await engine.start();
    store.lock.announce(address);
    if (config.JETMON_PID_FILE !== undefined) removePidFile = writePidFile(config.JETMON_PID_FILE, process.pid);
    state = 'running';
    operations.start();
    return {
      address,
      watched,
      reload() {
        const status = settings.reload();
        metrics.counter('config_reloads', { result: status.error === null ? 'taken' : 'refused' }).add();
        return status;
      },
      lost: store.database.lost,
      stop,
      async addSite(site) {
        const added = await watchUrl(deps, policy, site);
        await upToDate();
        return added;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function isStarting(): AppError {
  return new AppError('server_not_running', 'the server is starting', { fix: 'ask again in a moment' });
}

/** The effective value of a switch that changes what other programs see (spec/01 section 12.4). */
function sayProjection({ LEGACY_STATUS_PROJECTION_ENABLE: isEnabled }: Config, log: Log): void {
  if (isEnabled) log.debug('legacy_status_projection=enabled');
  else log.info('legacy_status_projection=disabled');
}

/** Where probes may go, said at the start by whoever opened more than the public internet (reliability.md E6). */
function sayPolicy(egress: EgressSettings, log: Log): void {
  if (egress.allow.length === 0) return;
  for (const rule of createEgressGuard(egress).describe()) log.info(`egress: ${rule}`);
}

/** As the configuration is when a site is asked for. */
export function sitePolicy(config: () => Config): SitePolicy {
  return {
    get defaultIntervalSeconds() {
      return Math.max(300, config().MIN_CHECK_INTERVAL_SECONDS);
    },
    get minIntervalSeconds() {
      return config().MIN_CHECK_INTERVAL_SECONDS;
    },
    projectStatus: config().LEGACY_STATUS_PROJECTION_ENABLE,
  };
}

async function listen(api: ApiServer, config: Config): Promise<Listening> {
  const { HTTP_BIND: host, HTTP_PORT: port } = config;
  try {
    return await api.listen({ host, port });
  } catch (cause) {
    throw listenRefusal(cause, { host, port, portKey: 'HTTP_PORT', hostKey: 'HTTP_BIND' });
  }
}
