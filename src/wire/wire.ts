/** The wire put together from plain settings: one per prober thread. */
import type { Clock } from '../lib/clock.ts';
import { createDeadlines } from './deadlines.ts';
import { createEgressGuard, type EgressSettings } from './egress-guard.ts';
import { createNetworkGate, type GateLimits } from './network-gate.ts';
import { createResolver } from './resolve.ts';
import { createExchange, type RunExchange } from './run-exchange.ts';
import { createTls } from './tls-handshake.ts';

export type WireSettings = {
  egress: EgressSettings;
  /** Resolver addresses `IP[:port]`; empty means those of the machine. */
  dnsResolvers: readonly string[];
  /** PEM text trusted beside the authorities of Node and of the machine; null for none. */
  extraCaPem: string | null;
  userAgent: string;
  /** Connections to one target at a time. */
  limits: GateLimits;
  /** Address of this machine that connections come from; null leaves it to the system. */
  bindSource: string | null;
  clock: Clock;
};

export interface Wire {
  /** Does what the first exchange over TLS would have to wait for; nothing when that was done. */
  prepare(): void;
  exchange: RunExchange;
  /** Exchanges that wait until their target has room for one more. */
  waitingAtGate(): number;
}

/** Throws TypeError for settings that the configuration should have refused. */
export function createWire(settings: WireSettings): Wire {
  const { clock, userAgent, bindSource } = settings;
  const deadlines = createDeadlines(clock);
  const guard = createEgressGuard(settings.egress);
  const resolver = createResolver({ servers: settings.dnsResolvers, clock, deadlines });
  const tls = createTls({ extraCaPem: settings.extraCaPem });
  const gate = createNetworkGate(settings.limits);
  return {
    prepare: tls.prepare,
    exchange: createExchange({ guard, resolver, tls, gate, clock, deadlines, userAgent, bindSource }),
    waitingAtGate: () => gate?.waiting() ?? 0,
  };
}
