/**
 * Names to addresses by our own DNS client: what is known without a question, then the resolvers. The addresses are
 * not guarded yet. Nothing here makes promises, because every check passes through.
 */
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Deadlines } from './deadlines.ts';
import { createDnsCache, type DnsCache } from './dns-cache.ts';
import { type Finding, Lookup } from './dns-lookup.ts';
import { buildQuery } from './dns-message.ts';
import { Patience } from './dns-patience.ts';
import { createUpstreams } from './dns-upstreams.ts';
import type { DnsCode, ResolverAsked } from './exchange.ts';
import { createHostsFile } from './hosts-file.ts';

export interface Resolver {
  /** What needs no question: an address literal, localhost, the hosts file, the cache; null for what must be asked. */
  known(host: string): Resolution | null;
  /** Calls `done` once, at the deadline (monotonic ms) at the latest, possibly at once. Never throws. */
  ask(host: string, deadlineMs: number, done: (resolution: Resolution) => void): void;
  /** Closes every socket; questions that are out end as failures of our own. */
  close(): void;
}

/** Not to be changed by who gets it: several may get the same one. */
export type Resolution =
  | { ok: true; addresses: string[]; resolver: ResolverAsked | null }
  | { ok: false; code: DnsCode; detail: string; resolver: ResolverAsked | null };

export type ResolverOptions = {
  /** `IP[:port]`, asked in this order; empty means those of the machine. */
  servers: readonly string[];
  clock: Clock;
  deadlines: Deadlines;
  hostsPath?: string;
  resolvConfPath?: string;
  /** Ids of queries, 16 bits; unpredictable unless a test says otherwise. */
  randomId?: () => number;
  /** How long one query to one resolver may take before the next one is asked. */
  queryTimeoutMs?: number;
};

/** Two tries keep a dead resolver's time-out under a check's usual ten seconds. */
const QUERY_TIMEOUT_MS = 2_000;
/** How long one family's addresses wait for the other family's answer. */
const OTHER_FAMILY_WAIT_MS = 250;
/** A failed check is tried again two seconds later, and must not hear the same answer from the cache. */
const MAX_NEGATIVE_S = 1;
const LOOPBACK = ['127.0.0.1', '::1'];
const MAX_NAMED = 3;
/** The longest name there can be; only those that cannot be are longer. */
const MAX_SHOWN_LENGTH = 253;

/** Throws TypeError for a server that is no address. */
export function createResolver(options: ResolverOptions): Resolver {
  const { clock, deadlines, queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
  const source = options.servers.length > 0 ? 'configured' : 'system';
  const cache = createDnsCache<Resolution>(clock);
  const lookups = new Map<string, Lookup>();
  const upstreams = createUpstreams(options);
  const patience = new Patience(OTHER_FAMILY_WAIT_MS, clock, deadlines);
  let isClosed = false;

  function begin(name: string, deadlineMs: number): Lookup | null {
    const query = buildQuery('A', name);
    if (query === null) return null;
    const parts = { clock, deadlines, queryTimeoutMs, patience, upstreams: upstreams.current() };
    const lookup = new Lookup(query, deadlineMs, parts, (finding) => {
      lookups.delete(name);
      const keptS = keptSecondsOf(finding);
      if (keptS >= 1) cache.put(name, fromCache(name, finding, source), keptS);
    });
    lookups.set(name, lookup);
    return lookup;
  }

  return {
    known: createKnown(options, cache),
    ask(host, deadlineMs, done) {
      const name = nameOf(host);
      const lookup = isClosed ? null : (lookups.get(name) ?? begin(name, deadlineMs));
      if (lookup === null) done(isClosed ? CLOSED : notOnTheWire(name));
      else lookup.join(deadlineMs, (finding) => done(resolutionOf(name, finding, askedOf(finding, source))));
    },
    close() {
      isClosed = true;
      for (const lookup of [...lookups.values()]) lookup.stop();
      upstreams.close();
    },
  };
}

function createKnown({ hostsPath, clock }: ResolverOptions, cache: DnsCache<Resolution>): Resolver['known'] {
  const hosts = createHostsFile(hostsPath ?? '/etc/hosts', clock);
  return (host) => {
    if (isIP(host) !== 0) return { ok: true, addresses: [host], resolver: null };
    const name = nameOf(host);
    const listed = hosts.lookup(name);
    if (listed !== undefined) return { ok: true, addresses: ipv4First(listed), resolver: HOSTS_FILE };
    if (isLocalhost(name)) return { ok: true, addresses: [...LOOPBACK], resolver: null };
    return cache.get(name) ?? null;
  };
}

const CLOSED: Resolution = Object.freeze({
  ok: false,
  code: 'LOCAL_FAILURE',
  detail: 'the DNS client is closed',
  resolver: null,
});
const HOSTS_FILE: ResolverAsked = Object.freeze({ name: 'hosts file', source: 'system' });

function nameOf(host: string): string {
  return (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
}

/** RFC 6761 section 6.3: these names are loopback and never leave the machine. */
function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function ipv4First(addresses: readonly string[]): string[] {
  return [...addresses.filter((one) => isIP(one) === 4), ...addresses.filter((one) => isIP(one) === 6)];
}

function notOnTheWire(name: string): Resolution {
  const shown = name.length > MAX_SHOWN_LENGTH ? `${name.slice(0, MAX_SHOWN_LENGTH)}...` : name;
  return { ok: false, code: 'NXDOMAIN', detail: `${shown} is no name that DNS can hold`, resolver: null };
}

function keptSecondsOf({ addresses, ttlS }: Finding): number {
  return addresses.length > 0 ? ttlS : Math.min(ttlS, MAX_NEGATIVE_S);
}

function askedOf(finding: Finding, source: ResolverAsked['source']): ResolverAsked | null {
  if (finding.by.length === 0) return null;
  const asked: ResolverAsked = { name: namesOf(finding), source };
  // What says that a name is not there is an answer about that very name.
  const isAnswer = finding.addresses.length > 0 || finding.code === 'NXDOMAIN' || finding.code === 'NODATA';
  if (!isAnswer && finding.by.some(({ resolves }) => resolves)) asked.answersOthers = true;
  return asked;
}

function resolutionOf(name: string, finding: Finding, resolver: ResolverAsked | null): Resolution {
  const { addresses, code, detail } = finding;
  if (addresses.length > 0) return { ok: true, addresses, resolver };
  const asked = `${name} asked of ${namesOf(finding)}`;
  return { ok: false, code, detail: detail === '' ? asked : `${asked}: ${detail}`, resolver };
}

/** Frozen, because everybody who asks gets the same one. */
function fromCache(name: string, finding: Finding, source: ResolverAsked['source']): Resolution {
  return Object.freeze(resolutionOf(name, finding, Object.freeze({ name: `${namesOf(finding)} (cache)`, source })));
}

function namesOf({ by }: Finding): string {
  if (by.length === 0) return 'nobody';
  const names = by.slice(0, MAX_NAMED).map((upstream) => upstream.name);
  return names.join(', ');
}
