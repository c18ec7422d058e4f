/** The verifier process as the list of its parts: a prober behind the egress guard, and the port on which it is asked. */
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import type { Log } from '../telemetry/log.ts';
import { createVerifierServer } from '../verifier/server.ts';
import { requireBindSource } from './bind-source.ts';
import type { Config } from './config.ts';
import { listenRefusal } from './listen-refusal.ts';
import { ownListeners } from './own-listeners.ts';
import { bodyBudgets, createProber, defaultPlan } from './prober.ts';
import type { VerifierSettings } from './verifier-settings.ts';

export type VerifierApp = {
  /** Where it listens, such as `http://127.0.0.1:7803`; the wildcard stays one. */
  address: string;
  port: number;
  /** Takes nothing new, finishes what is being answered for at most 30 s. */
  stop(): Promise<void>;
};

/** Starts it, or throws AppError and leaves nothing running. */
export async function startVerifier({
  config,
  settings,
  version,
  log,
}: {
  config: Config;
  settings: VerifierSettings;
  version: string;
  log: Log;
}): Promise<VerifierApp> {
  await requireBindSource(config);
  const { bind, port: wanted, name, authTokens, tls } = settings;
  const server = createVerifierServer({
    authTokens,
    tls,
    host: name,
    version,
    defaults: {
      plan: defaultPlan(config),
      budgets: bodyBudgets(config),
      timeoutMs: config.NET_COMMS_TIMEOUT * 1_000,
    },
    createProber: (bound, onResults) =>
      createProber(config, {
        egress: { allow: config.EGRESS_ALLOW, allowPrivate: false, ownListeners: ownListeners(bind ?? '::', bound) },
        onResults,
        onThreadDeath: (error) => log.error({ err: error }, 'a prober thread died and is being replaced'),
      }),
    clock: systemClock,
    random: systemRandom,
    log,
  });
  try {
    const { address, port } = await server.listen({ host: bind, port: wanted });
    const host = address.includes(':') ? `[${address}]` : address;
    return { address: `${tls === null ? 'http' : 'https'}://${host}:${port}`, port, stop: server.stop };
  } catch (cause) {
    const place = { host: bind ?? 'every address', port: wanted, portKey: 'VERIFIER_PORT', hostKey: 'VERIFIER_BIND' };
    throw listenRefusal(cause, place);
  }
}
