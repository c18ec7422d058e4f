/**
 * Names to addresses through c-ares: IP literals as they are, `localhost` and the hosts file from this machine, the
 * rest from the resolvers. The addresses are not guarded yet, and nothing is cached.
 */
import { Resolver as CaresResolver } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { createChangingFile } from './changing-file.ts';
import type { Deadlines } from './deadlines.ts';
import type { DnsCode } from './exchange.ts';
import { createHostsFile } from './hosts-file.ts';

export interface Resolver {
  /** `host` as in `URL.hostname`, brackets removed. Resolves at the deadline at the latest and never rejects. */
  resolve(host: string, deadlineMs: number): Promise<Resolution>;
}

export type Resolution =
  | { ok: true; addresses: string[] }
  /** `resolver` names those that were asked; null when none was. */
  | { ok: false; code: DnsCode; detail: string; resolver: string | null };

export type ResolverOptions = {
  /** `IP[:port]`, asked in this order; empty means those of the machine. */
  servers: readonly string[];
  clock: Clock;
  deadlines: Deadlines;
  hostsPath?: string;
  resolvConfPath?: string;
  /** How long one query to one server may take before it is repeated. */
  queryTimeoutMs?: number;
  /** A resolver that asks the servers of this machine as they are now; tests have no machine of their own. */
  machineResolver?: (limits: ResolverLimits) => CaresResolver;
};

type ResolverLimits = { timeout: number; tries: number; maxTimeout: number };

/** Two tries keep a dead resolver's time-out under a check's usual ten seconds. */
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;
/** How long one family's addresses wait for the other family's answer. */
const OTHER_FAMILY_WAIT_MS = 250;
const MAX_ADDRESSES_PER_FAMILY = 16;
const LOOPBACK = ['127.0.0.1', '::1'];

export function createResolver(options: ResolverOptions): Resolver {
  const { clock, deadlines } = options;
  const cares = createCares(options);
  const hosts = createHostsFile(options.hostsPath ?? '/etc/hosts', clock);

  return {
    async resolve(host, deadlineMs) {
      if (isIP(host) !== 0) return { ok: true, addresses: [host] };
      const name = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
      const known = hosts.lookup(name) ?? (isLocalhost(name) ? LOOPBACK : undefined);
      if (known !== undefined) return { ok: true, addresses: ipv4First(known) };
      return ask(cares(), name, deadlineMs, deadlines);
    },
  };
}

/** The c-ares resolver to ask now. c-ares reads the servers of the machine once, so a changed list needs a new one. */
function createCares(options: ResolverOptions): () => CaresResolver {
  const timeout = options.queryTimeoutMs ?? QUERY_TIMEOUT_MS;
  const limits = { timeout, tries: QUERY_TRIES, maxTimeout: timeout * 2 };
  if (options.servers.length > 0) {
    const fixed = new CaresResolver(limits);
    fixed.setServers(options.servers);
    return () => fixed;
  }
  const build = options.machineResolver ?? ((chosen) => new CaresResolver(chosen));
  const resolvConf = createChangingFile(options.resolvConfPath ?? '/etc/resolv.conf', options.clock);
  resolvConf.textIfChanged();
  let current = build(limits);
  return () => {
    if (resolvConf.textIfChanged() !== null) current = build(limits);
    return current;
  };
}

/** RFC 6761 section 6.3: these names are loopback and never leave the machine. */
function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function ipv4First(addresses: readonly string[]): string[] {
  return [...addresses.filter((one) => isIP(one) === 4), ...addresses.filter((one) => isIP(one) === 6)];
}

/** What one family came back with; null while the answer is out. */
type FamilyAnswer = { addresses: readonly string[]; code: DnsCode } | null;

/** A and AAAA in parallel. A query past the deadline is left to c-ares, which bounds it by its own time-outs. */
function ask(cares: CaresResolver, name: string, deadlineMs: number, deadlines: Deadlines): Promise<Resolution> {
  return new Promise((resolve) => {
    const answers: [v4: FamilyAnswer, v6: FamilyAnswer] = [null, null];
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      deadline.cancel();
      patience?.cancel();
      resolve(combine(name, answers, () => cares.getServers()));
    };
    const deadline = deadlines.at(deadlineMs, settle);
    let patience: typeof deadline | null = null;
    const answered = (family: 0 | 1) => (error: NodeJS.ErrnoException | null, addresses: string[]) => {
      if (isSettled) return;
      answers[family] = error
        ? { addresses: [], code: dnsCodeOf(error.code) }
        : { addresses: addresses.slice(0, MAX_ADDRESSES_PER_FAMILY), code: 'NODATA' };
      if (answers[0] !== null && answers[1] !== null) settle();
      else if (answers[family].addresses.length > 0) patience = deadlines.after(OTHER_FAMILY_WAIT_MS, settle);
    };
    cares.resolve4(name, answered(0));
    cares.resolve6(name, answered(1));
  });
}

/** Doubt first: a name is only called absent when neither family's answer leaves it open. */
const TELLING_ORDER: readonly DnsCode[] = [
  'LOCAL_FAILURE',
  'NO_RESOLVER',
  'TIMEOUT',
  'SERVFAIL',
  'REFUSED',
  'BAD_REPLY',
  'NXDOMAIN',
  'NODATA',
];

function combine(name: string, answers: readonly FamilyAnswer[], asked: () => readonly string[]): Resolution {
  const addresses = answers.flatMap((answer) => answer?.addresses ?? []);
  if (addresses.length > 0) return { ok: true, addresses };
  const codes = answers.map((answer) => answer?.code ?? 'TIMEOUT');
  const code = TELLING_ORDER.find((one) => codes.includes(one)) ?? 'BAD_REPLY';
  const resolver = asked().slice(0, 3).join(', ');
  return { ok: false, code, detail: `${name} asked of ${resolver}`, resolver };
}

/** Codes of node:dns, which are those of c-ares. */
const DNS_CODES: Readonly<Record<string, DnsCode>> = {
  ENOTFOUND: 'NXDOMAIN',
  ENODATA: 'NODATA',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  ETIMEOUT: 'TIMEOUT',
  ECONNREFUSED: 'NO_RESOLVER',
  EBADRESP: 'BAD_REPLY',
  EFORMERR: 'BAD_REPLY',
  ENOTIMP: 'BAD_REPLY',
  // A name that cannot be put on the wire does not exist.
  EBADNAME: 'NXDOMAIN',
};

function dnsCodeOf(code: string | undefined): DnsCode {
  return DNS_CODES[code ?? ''] ?? 'LOCAL_FAILURE';
}
