/** The running server, as the list of its parts: store, API with the page, engine with its prober. */
import { fileURLToPath } from 'node:url';
import { type ApiServer, createApiServer, type Listening } from '../api/server.ts';
import { AppError } from '../domain/errors.ts';
import { DEFAULT_CADENCE } from '../domain/incident.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { type WatchedUrl, watchUrl } from '../services/watch-url.ts';
import type { Log } from '../telemetry/log.ts';
import { createEgressGuard, type EgressSettings } from '../wire/egress-guard.ts';
import type { Config } from './config.ts';
import { localKey } from './local-key.ts';
import { logTransitions } from './log-transitions.ts';
import { openStore } from './open-store.ts';
import { ownListeners } from './own-listeners.ts';
import { createProber, defaultPlan } from './prober.ts';

export type App = {
  /** Where the page and the API are, such as `http://127.0.0.1:8080`. */
  address: string;
  /** Endpoints that are being checked. */
  watched(): number;
  /** Watches a URL; says so when it was watched already, paused or removed. */
  addSite(site: { url: string; intervalSeconds: number }): Promise<WatchedUrl>;
  /** Resolves with the reason when the server can do nothing for its sites any more. */
  lost: Promise<Error>;
  /** Stops in order; what is in flight is dropped, what is being written is finished. */
  stop(): Promise<void>;
};

/** The built page. */
const PAGE = fileURLToPath(new URL('../../web/dist', import.meta.url));

/** Starts everything, or throws AppError and leaves nothing running. */
export async function startApp({ config, log }: { config: Config; log: Log }): Promise<App> {
  const store = await openStore(config, 'serve', log);
  const undo: (() => Promise<void>)[] = [() => store.close()];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const deps = { ...store, clock: systemClock, random: systemRandom };
    const policy = sitePolicy(config);
    let engine: Engine | null = null;
    const api = createApiServer({
      deps,
      policy,
      log,
      localKey: localKey(config.JETMON_DATA_DIR, systemRandom),
      page: PAGE,
      onResult: (listener) => engine?.onResult(listener) ?? (() => {}),
      proberStats: () => engine?.proberStats() ?? null,
    });
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
      policy: { attemptsToConfirm: config.NUM_OF_CHECKS, ...DEFAULT_CADENCE },
      projectStatus: config.LEGACY_STATUS_PROJECTION_ENABLE,
      timeoutMs: config.NET_COMMS_TIMEOUT * 1000,
      plan: defaultPlan(config),
      newOpId: () => Buffer.from(systemRandom.bytes(16)).toString('hex'),
    });
    undo.push(engine.stop);
    sayProjection(config, log);
    logTransitions(store, log);
    await engine.start();
    store.lock.announce(address);
    const { watched, upToDate } = engine;
    return {
      address,
      watched,
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

export function sitePolicy(config: Config) {
  return {
    defaultIntervalSeconds: Math.max(300, config.MIN_CHECK_INTERVAL_SECONDS),
    minIntervalSeconds: config.MIN_CHECK_INTERVAL_SECONDS,
    projectStatus: config.LEGACY_STATUS_PROJECTION_ENABLE,
  };
}

async function listen(api: ApiServer, config: Config): Promise<Listening> {
  const { HTTP_BIND: host, HTTP_PORT: port } = config;
  try {
    return await api.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const [why, fix] = LISTEN_TROUBLE[code ?? ''] ?? [
      `it failed with ${code ?? (cause as Error).message}`,
      OTHER_PLACE,
    ];
    throw new AppError('port_unusable', `cannot listen on ${host} port ${port}: ${why}`, { fix, cause });
  }
}

const OTHER_PLACE = 'choose another with HTTP_PORT=<number> and HTTP_BIND=<address>';

const LISTEN_TROUBLE: Readonly<Record<string, readonly [why: string, fix: string]>> = {
  EADDRINUSE: [
    'another program listens there',
    'stop that program, or set HTTP_PORT to another number (0 takes any free one)',
  ],
  EACCES: ['this user may not use that port', 'set HTTP_PORT to 1024 or above'],
  EADDRNOTAVAIL: ['this machine does not have that address', 'set HTTP_BIND to an address of this machine'],
  ENOTFOUND: ['that name has no address', 'set HTTP_BIND to an address of this machine'],
};
