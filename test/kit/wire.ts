/** The wire with real parts, a guard that lets loopback pass, and resolvers that can be scripted. */
import { systemClock } from '../../src/lib/clock.ts';
import { createDeadlines } from '../../src/wire/deadlines.ts';
import { createEgressGuard, type EgressGuard } from '../../src/wire/egress-guard.ts';
import type { Exchange } from '../../src/wire/exchange.ts';
import { createResolver, type Resolver } from '../../src/wire/resolve.ts';
import { createExchange } from '../../src/wire/run-exchange.ts';
import { createTls } from '../../src/wire/tls-handshake.ts';

export type TestWireOptions = {
  extraCaPem?: string;
  guard?: Partial<Pick<EgressGuard, 'checkUrl' | 'checkAddresses' | 'isPinned'>>;
  resolver?: Resolver;
  /** `IP:port`; empty means the machine's resolvers, which tests should have no need of. */
  dnsServers?: string[];
};

export type TestExchange = (
  url: string,
  options?: { method?: 'GET' | 'HEAD'; timeoutMs?: number; maxBytes?: number; maxMs?: number },
) => Promise<Exchange>;

export function createTestWire({ extraCaPem, guard, resolver, dnsServers = [] }: TestWireOptions = {}): TestExchange {
  const clock = systemClock;
  const deadlines = createDeadlines(clock);
  const exchange = createExchange({
    guard: { ...createEgressGuard({ allow: [], allowPrivate: true, ownListeners: [] }), ...guard },
    resolver: resolver ?? createResolver({ servers: dnsServers, clock, deadlines }),
    tls: createTls({ extraCaPem: extraCaPem ?? null, deadlines }),
    clock,
    deadlines,
    userAgent: 'jetmon-test/1.0',
  });
  return (url, { method = 'GET', timeoutMs = 10_000, maxBytes = 1_048_576, maxMs = 250 } = {}) =>
    exchange({
      url: new URL(url),
      method,
      deadlineMs: clock.monotonicMs() + timeoutMs,
      body: { maxBytes, maxMs },
    });
}

/** Every name has these addresses. */
export function resolvingTo(...addresses: string[]): Resolver {
  return { resolve: async () => ({ ok: true, addresses }) };
}
