/** What all draws of the corpus share: a resolver, an authority, ports that must never be reached. */
import { type BodyBudgets, DEFAULT_BUDGETS } from '../../src/domain/probe-plan.ts';
import type { EgressSettings } from '../../src/wire/egress-guard.ts';
import { startFullBacklog } from '../kit/full-backlog.ts';
import { createHostileAuthority, type HostileAuthority } from '../kit/hostile-certificates.ts';
import { type RawDns, startRawDns } from '../kit/raw-dns.ts';
import { startTcpServer } from '../kit/tcp-server.ts';
import { reserveClosedPort } from './closed-port.ts';
import type { ResolverProfile } from './hostile-class.ts';
import { type SilentResolver, startSilentResolver } from './silent-resolver.ts';

export interface HostileKit {
  dns: RawDns;
  authority: HostileAuthority;
  /** Listens, and is listed as one of the monitor's own listeners. */
  ownPort: number;
  /** Connections to what the guard must never let a probe reach. */
  forbiddenConnections(): number;
  /** Refuses every connection, and no listener of a draw is ever given it. */
  closedPort: number;
  /** Answers no SYN. */
  droppingPort: number;
  /** Counts up; what is made of it is of one draw alone. */
  nextNumber(): number;
  /** What a prober must be set to for the classes of a resolver profile; plain data. */
  settings(profile: ResolverProfile): HostileSettings;
  /** The same end for all who call it. */
  stop(): Promise<void>;
}

export type HostileSettings = {
  egress: EgressSettings;
  dnsResolvers: string[];
  extraCaPem: string;
  budgets: BodyBudgets;
};

/** As by default, but with time for a busy machine to hear how a body ends. */
const BUDGETS: BodyBudgets = { ...DEFAULT_BUDGETS, bodyMaxMs: 1_000 };

/** No listener and no ephemeral socket ever has it, so that the kernel answers with ICMP at once. */
const CLOSED_RESOLVER = '127.0.0.1:1';

/** Addresses that servers of draws may stand on; every other private address must be refused. */
const ALLOWED = ['127.0.0.1', '127.0.0.2', '::1'];

export async function openHostileKit(): Promise<HostileKit> {
  const [dns, authority, silent, dropping, own] = await Promise.all([
    startRawDns(),
    createHostileAuthority(),
    startSilentResolver(),
    startFullBacklog(),
    startTcpServer(() => {}),
  ]);
  const closed = await reserveClosedPort();
  let number = 0;
  let stopping: Promise<void> | null = null;
  return {
    dns,
    authority,
    ownPort: own.port,
    forbiddenConnections: own.connections,
    closedPort: closed.port,
    droppingPort: dropping.port,
    nextNumber: () => ++number,
    settings: (profile) => ({
      egress: { allow: ALLOWED, allowPrivate: false, ownListeners: [`127.0.0.1:${own.port}`] },
      dnsResolvers: resolversOf(profile, dns, silent),
      extraCaPem: authority.caPem,
      budgets: BUDGETS,
    }),
    stop() {
      stopping ??= stopAll([closed, own, dropping, silent, dns]);
      return stopping;
    },
  };
}

async function stopAll(parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.stop();
}

function resolversOf(profile: ResolverProfile, dns: RawDns, silent: SilentResolver): string[] {
  switch (profile) {
    case 'scripted':
      return [dns.address];
    case 'closed':
      return [CLOSED_RESOLVER];
    case 'silent':
      return [silent.address];
    case 'first_closed':
      return [CLOSED_RESOLVER, dns.address];
  }
}
