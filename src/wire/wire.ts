/** The wire put together from plain settings: one per prober thread. */
import type { Clock } from '../lib/clock.ts';
import { createDeadlines } from './deadlines.ts';
import { createEgressGuard, type EgressSettings } from './egress-guard.ts';
import type { Exchange, ExchangeRequest } from './exchange.ts';
import { createResolver } from './resolve.ts';
import { createExchange } from './run-exchange.ts';
import { createTls } from './tls-handshake.ts';

export type WireSettings = {
  egress: EgressSettings;
  /** Resolver addresses `IP[:port]`; empty means those of the machine. */
  dnsResolvers: readonly string[];
  /** PEM text trusted beside Node's own roots; null for none. */
  extraCaPem: string | null;
  userAgent: string;
  clock: Clock;
};

export interface Wire {
  exchange(request: ExchangeRequest): Promise<Exchange>;
}

/** Throws TypeError for settings that the configuration should have refused. */
export function createWire(settings: WireSettings): Wire {
  const { clock, userAgent } = settings;
  const deadlines = createDeadlines(clock);
  const guard = createEgressGuard(settings.egress);
  const resolver = createResolver({ servers: settings.dnsResolvers, clock, deadlines });
  const tls = createTls({ extraCaPem: settings.extraCaPem, deadlines });
  return { exchange: createExchange({ guard, resolver, tls, clock, deadlines, userAgent }) };
}
