/** The wire with real parts, a guard that lets loopback pass, and resolvers that can be scripted. */
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createDeadlines } from '../../src/wire/deadlines.ts';
import { createEgressGuard, type EgressGuard } from '../../src/wire/egress-guard.ts';
import type { BodyWanted, Exchange, ExchangeRequest } from '../../src/wire/exchange.ts';
import type { NetworkGate } from '../../src/wire/network-gate.ts';
import { createResolver, type Resolution, type Resolver } from '../../src/wire/resolve.ts';
import { createExchange, type RunExchange } from '../../src/wire/run-exchange.ts';
import { createTls } from '../../src/wire/tls-handshake.ts';

export type TestResolver = Pick<Resolver, 'known' | 'ask'>;

export type TestWireOptions = {
  extraCaPem?: string;
  guard?: Partial<Pick<EgressGuard, 'checkUrl' | 'checkAddresses' | 'isPinned'>>;
  resolver?: TestResolver;
  gate?: NetworkGate;
  clock?: Clock;
  bindSource?: string;
  /** `IP:port`; empty means the machine's resolvers, which tests should have no need of. */
  dnsServers?: string[];
};

export type AskOptions = Partial<Omit<ExchangeRequest, 'url' | 'deadline' | 'body'>> &
  Partial<BodyWanted> & { timeoutMs?: number };

/** Rejects with what the exchange threw. */
export type TestExchange = (url: string, options?: AskOptions) => Promise<Exchange>;

export function createTestWire(options: TestWireOptions = {}): TestExchange {
  const exchange = createTestExchange(options);
  return (url, { timeoutMs = 10_000, ...options } = {}) =>
    new Promise((resolve, reject) => {
      const deadlineMs = systemClock.monotonicMs() + timeoutMs;
      exchange({ ...requestFor(options), url: new URL(url), deadline: { atMs: () => deadlineMs } }, resolve, reject);
    });
}

/** As the visitor calls it, for those who look at the calls themselves. */
export function createTestExchange(options: TestWireOptions = {}): RunExchange {
  const { extraCaPem, guard, resolver, dnsServers = [], gate = null, clock = systemClock, bindSource = null } = options;
  const deadlines = createDeadlines(clock);
  return createExchange({
    guard: { ...createEgressGuard({ allow: [], allowPrivate: true, ownListeners: [] }), ...guard },
    resolver: resolver ?? createResolver({ servers: dnsServers, clock, deadlines }),
    tls: createTls({ extraCaPem: extraCaPem ?? null }),
    gate,
    clock,
    deadlines,
    userAgent: 'jetmon-test/1.0',
    bindSource,
  });
}

/** A request as a visit without rules makes it, but for what is given. */
export function requestFor(options: AskOptions = {}): Omit<ExchangeRequest, 'url' | 'deadline'> {
  const { method, headers, meaningOf, wantsChain, http2, ...body } = options;
  return {
    method: method ?? 'GET',
    headers: headers ?? [],
    meaningOf: meaningOf ?? ((status) => (status < 300 ? 'success' : status < 400 ? 'redirect' : 'error')),
    wantsChain: wantsChain ?? false,
    http2: http2 ?? false,
    body: {
      maxBytes: 1_048_576,
      maxMs: 250,
      rules: null,
      rulesMaxBytes: 1_048_576,
      rulesMaxMs: 0,
      hash: false,
      ...body,
    },
  };
}

/** Every name has these addresses. */
export function resolvingTo(...addresses: string[]): TestResolver {
  return answering({ ok: true, addresses, resolver: null });
}

/** Every name is answered so, address literals too. */
export function answering(resolution: Resolution): TestResolver {
  return { known: () => resolution, ask: () => {} };
}
