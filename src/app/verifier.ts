/** The verifier process as the list of its parts: a prober behind the egress guard, and the port on which it is asked. */
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import type { AdjustableLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createVerifierServer, type VerifierOptions } from '../verifier/server.ts';
import { requireBindSource } from './bind-source.ts';
import type { Config } from './config.ts';
import { listenRefusal } from './listen-refusal.ts';
import { ownListeners } from './own-listeners.ts';
import { processMetrics, visitMetrics, watchLoop } from './own-metrics.ts';
import { bodyBudgets, createProber, defaultPlan } from './prober.ts';
import { createReporter } from './reporter.ts';
import type { Settings, SettingsStatus } from './settings.ts';
import { createStatsdSink } from './statsd-sink.ts';
import { createVerifierReload, type VerifierReloadParts } from './verifier-reload.ts';

export type VerifierApp = {
  /** Where it listens, such as `http://127.0.0.1:7803`; the wildcard stays one. */
  address: string;
  port: number;
  /** Reads the configuration again, and takes of it what can be taken while we run. Never throws. */
  reload(): SettingsStatus;
  /** Takes nothing new, finishes what is being answered for at most 30 s. */
  stop(): Promise<void>;
};

export type VerifierAppOptions = Pick<VerifierReloadParts, 'loaded' | 'readConfig' | 'settingsOf' | 'log'> & {
  version: string;
};

/** Starts it, or throws AppError and leaves nothing running. */
export async function startVerifier(options: VerifierAppOptions): Promise<VerifierApp> {
  const { loaded, settingsOf, version, log } = options;
  const { config } = loaded;
  await requireBindSource(config);
  const first = settingsOf(config);
  const { bind, port: wanted, name, authTokens, tls } = first;
  const metrics = createMetrics();
  const server = createVerifierServer({
    authTokens,
    tls,
    host: name,
    version,
    defaults: lookDefaults(config),
    createProber: (bound, onResults) => {
      const prober = createProber(config, {
        egress: { allow: config.EGRESS_ALLOW, allowPrivate: false, ownListeners: ownListeners(bind ?? '::', bound) },
        onResults,
        onThreadDeath: (error) => log.error({ err: error }, 'a prober thread died and is being replaced'),
      });
      visitMetrics(metrics, () => prober.stats());
      return prober;
    },
    metrics: { metrics, isPublic: () => settings.current().METRICS_PUBLIC },
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const { settings, reload } = createVerifierReload({
    ...options,
    first,
    metrics,
    take: (next, config) => server.take({ ...next, defaults: lookDefaults(config) }),
  });
  try {
    const { address, port } = await server.listen({ host: bind, port: wanted });
    const host = address.includes(':') ? `[${address}]` : address;
    const telling = startTelling({ metrics, settings, version, log });
    return {
      address: `${tls === null ? 'http' : 'https'}://${host}:${port}`,
      port,
      reload,
      async stop() {
        await server.stop();
        await telling.stop();
      },
    };
  } catch (cause) {
    const place = { host: bind ?? 'every address', port: wanted, portKey: 'VERIFIER_PORT', hostKey: 'VERIFIER_BIND' };
    throw listenRefusal(cause, place);
  }
}

/** How it looks at what names nothing. */
function lookDefaults(config: Config): VerifierOptions['defaults'] {
  return {
    plan: defaultPlan(config),
    budgets: bodyBudgets(config),
    timeoutMs: config.NET_COMMS_TIMEOUT * 1_000,
  };
}

/** What this process knows of itself, and where it goes beside the page of metrics. */
function startTelling(parts: { metrics: Metrics; settings: Settings; version: string; log: AdjustableLog }) {
  const { metrics, settings, version, log } = parts;
  const clock = systemClock;
  metrics.counterFrom('log_lines_dropped', log.dropped);
  processMetrics(metrics, { version, startedAtMs: clock.nowMs() });
  const loop = watchLoop(metrics);
  const statsd = createStatsdSink({ metrics, settings, clock });
  const reporter = createReporter({
    sinks: statsd.sinks,
    intervalMs: () => settings.current().STATS_UPDATE_INTERVAL_MS,
    onTurn: loop.turn,
    metrics,
    clock,
    log,
  });
  reporter.start();
  return {
    async stop() {
      await reporter.stop();
      loop.stop();
      statsd.close();
    },
  };
}
