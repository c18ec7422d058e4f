/** Builds the panel of verifiers that a configuration asks for. */
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { VerifierEntry } from '../verifier/client.ts';
import { lateVerifierClient } from '../verifier/late-client.ts';
import { createPanel, type Panel, type PanelMemory } from '../verifier/panel.ts';
import { createSelfReports, type SelfReports } from '../verifier/self-reports.ts';
import type { Config } from './config.ts';
import { bodyBudgets, defaultPlan } from './prober.ts';

/** Without verifiers it is not configured, and asks nobody. Connections are opened when there is something to ask. */
export function createConfirm(
  config: Config,
  options: {
    /** Told once each time a verifier was caught lying, with the cause in words for an operator. */
    onQuarantine(name: string, why: string): void;
    /** Told when it has earned its way back. */
    onRelease?(name: string, why: string): void;
    /** A question about a site that was well a moment ago has ended: the report tells anew who answers. */
    onCanary?(): void;
    /** A URL that passed here a moment ago; null when there is none. */
    knownUp(): string | null;
    /** What the panel before knew of those that are kept. */
    before?: PanelMemory | undefined;
    log: Log;
    metrics: Metrics;
    clock?: Clock;
    random?: Random;
  },
): Panel & { selfReports(): Promise<SelfReports> } {
  const { onQuarantine, onRelease, onCanary, knownUp, before, log, metrics } = options;
  const { clock = systemClock, random = systemRandom } = options;
  const clientFor = (entry: VerifierEntry) =>
    lateVerifierClient(entry, {
      clock,
      bindSource: config.BIND_SOURCE ?? null,
      onRpc(result, tookMs) {
        // What ends with this panel is no news of those that come after it.
        if (isStopped) return;
        metrics.counter('verifier_rpc', { host: entry.name, result }).add();
        metrics.timer('verifier_rpc_duration', { host: entry.name }).observe(tookMs);
      },
    });
  let isStopped = false;
  const clients = new Map(config.verifiers.map((entry) => [entry.name, clientFor(entry)]));
  const panel = createPanel({
    entries: config.verifiers,
    clients: [...clients.values()],
    quorum: config.verifierQuorum,
    plan: defaultPlan(config),
    budgets: bodyBudgets(config),
    timeoutMs: config.NET_COMMS_TIMEOUT * 1000,
    clock,
    random,
    onQuarantine,
    ...(onRelease === undefined ? {} : { onRelease }),
    ...(onCanary === undefined ? {} : { onCanary }),
    knownUp,
    before,
    log,
  });
  return {
    ...panel,
    selfReports: createSelfReports(clients, clock),
    stop() {
      isStopped = true;
      panel.stop();
    },
  };
}
