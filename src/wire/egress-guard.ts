/**
 * The one gate for every connection to a host that somebody else chose. Three questions in this order, anew for each
 * redirect hop: may this URL be asked for, may every address it resolves to be dialled, is the peer the one dialled.
 */
import type { AddressClass } from './address-ranges.ts';
import { BLOCKED_PORTS } from './blocked-ports.ts';
import {
  canonicalHostname,
  type Destination,
  type EgressRule,
  formatRule,
  MAX_HOST_BYTES,
  parseEgressRule,
  rulingFor,
  splitHostPort,
} from './egress-rules.ts';
import type { GuardCode } from './exchange.ts';
import {
  classify,
  embeddedIpv4,
  formatAddress,
  type IpAddress,
  parseAddress,
  sameAddress,
  unmapped,
} from './ip-address.ts';

/** Plain data, because it crosses the thread border. */
export type EgressSettings = {
  /** EGRESS_ALLOW: `CIDR[:port]`, address or `host[:port]` that may be reached although not public; `!` excepts. */
  allow: readonly string[];
  /** True only for a person probing from their own terminal: private addresses pass, metadata never does. */
  allowPrivate: boolean;
  /** Our own listeners, `address:port` or `name:port`; always refused. A wildcard stands for this machine's loopback. */
  ownListeners: readonly string[];
};

/** `detail` names host and address: for logs and the operator, not for whoever chose the URL. */
export type Refusal = { code: GuardCode; detail: string };

export interface EgressGuard {
  /** Scheme, user info, host and port; says nothing of addresses, also when the host is an address literal. */
  checkUrl(url: URL): Refusal | null;
  /** Every address must pass: one bad answer among good ones refuses them all. None at all is refused too. */
  checkAddresses(hostname: string, port: number, addresses: readonly string[]): Refusal | null;
  /** Whether a connected socket's `remoteAddress` is the address that was checked and dialled. */
  isPinned(expected: string, actual: string | undefined): boolean;
  /** The effective policy in plain lines, for the start log. */
  describe(): string[];
}

type Listener = { host: IpAddress | string; port: number };

const MAX_RULES = 1000;
const MAX_SHOWN_LENGTH = 100;
const PASSED_AS_PRIVATE: ReadonlySet<AddressClass> = new Set(['shared', 'private', 'link_local', 'loopback']);

/** Reads EGRESS_ALLOW; each error names the entry, the cause and the fix. */
export function parseEgressAllow(entries: readonly string[]): { rules: EgressRule[]; errors: string[] } {
  if (entries.length > MAX_RULES) {
    const fix = 'join neighbouring addresses into networks';
    return { rules: [], errors: [`EGRESS_ALLOW has ${entries.length} entries, more than ${MAX_RULES}: ${fix}`] };
  }
  const rules: EgressRule[] = [];
  const errors: string[] = [];
  for (const entry of entries) {
    const rule = parseEgressRule(entry.trim());
    if ('cause' in rule) errors.push(`EGRESS_ALLOW entry ${shown(entry)}: ${rule.cause}; ${rule.fix}`);
    else rules.push(rule);
  }
  return { rules, errors };
}

/** The port a request to this URL goes to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Throws TypeError for settings that `parseEgressAllow` reports as errors, and for malformed own listeners. */
export function createEgressGuard(settings: EgressSettings): EgressGuard {
  const { rules, errors } = parseEgressAllow(settings.allow);
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
  const own = settings.ownListeners.map(parseListener);

  function checkAddress(destination: Destination): Refusal | null {
    const { hostname, address, port } = destination;
    const addressClass = classify(address);
    const refused = (code: GuardCode, why: string) =>
      refusal(code, `${hostname} at ${formatAddress(unmapped(address))} port ${port}${why}`);
    if (addressClass === 'metadata') return refused('METADATA_ADDRESS', ' is a cloud metadata service');
    if (own.some((listener) => reaches(destination, listener))) {
      return refused('OWN_LISTENER', ' is a listener of our own');
    }
    const ruling = rules.length === 0 ? null : rulingFor(rules, destination);
    if (ruling?.effect === 'deny') return refused('ADDRESS_REFUSED', `: ${formatRule(ruling)}`);
    if (ruling?.effect === 'allow') return null;
    if (BLOCKED_PORTS.has(port)) return refused('PORT_REFUSED', ': the port belongs to another protocol');
    if (addressClass === 'public' || (settings.allowPrivate && PASSED_AS_PRIVATE.has(addressClass))) return null;
    return refused('ADDRESS_REFUSED', ` is ${addressClass.replace('_', '-')}, not public`);
  }

  return {
    checkUrl(url) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        return refusal('SCHEME_REFUSED', `scheme ${shown(url.protocol)} is neither http nor https`);
      }
      if (url.username !== '' || url.password !== '') {
        return refusal('USERINFO_REFUSED', 'the URL carries a user name or password');
      }
      const port = portOf(url);
      // Which address the port is allowed for is known after resolving; checkAddresses asks again.
      const isNamed = () => rules.some((rule) => rule.effect === 'allow' && rule.port === port);
      return (
        hostRefusal(url.hostname) ?? portRefusal(port) ?? (BLOCKED_PORTS.has(port) && !isNamed() ? blocked(port) : null)
      );
    },

    checkAddresses(hostname, port, addresses) {
      const refused = hostRefusal(hostname) ?? portRefusal(port);
      if (refused !== null) return refused;
      const name = canonicalHostname(hostname);
      if (addresses.length === 0) return refusal('ADDRESS_REFUSED', `${name} has no address`);
      for (const text of addresses) {
        const address = parseAddress(text);
        if (address === null) return refusal('ADDRESS_REFUSED', `${name} at ${shown(text)}: not an IP address`);
        const reason = checkAddress({ hostname: name, address, port });
        if (reason !== null) return reason;
      }
      return null;
    },

    isPinned(expected, actual) {
      if (expected === actual) return parseAddress(expected) !== null;
      const dialled = parseAddress(expected);
      const peer = actual === undefined ? null : parseAddress(actual);
      return dialled !== null && peer !== null && sameAddress(dialled, peer);
    },

    describe: () => describePolicy(settings, rules),
  };
}

function describePolicy(settings: EgressSettings, rules: readonly EgressRule[]): string[] {
  const listeners = settings.ownListeners.length === 0 ? '' : `, own listeners ${settings.ownListeners.join(', ')}`;
  return [
    `allow public addresses over http and https, every port but ${BLOCKED_PORTS.size} of other protocols`,
    ...rules.map(formatRule),
    `${settings.allowPrivate ? 'allow' : 'deny'} private, shared, link-local and loopback addresses`,
    'deny multicast, reserved and unspecified addresses',
    `deny always: cloud metadata services${listeners}`,
  ];
}

function refusal(code: GuardCode, detail: string): Refusal {
  return { code, detail };
}

function blocked(port: number): Refusal {
  return refusal('PORT_REFUSED', `port ${port} belongs to another protocol and no allow rule names it`);
}

function portRefusal(port: number): Refusal | null {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return null;
  return refusal('PORT_REFUSED', `port ${port} is outside 1 to 65535`);
}

/** What the URL parser leaves is printable ASCII; asked again here because names also arrive by other ways. */
function hostRefusal(hostname: string): Refusal | null {
  const name = canonicalHostname(hostname);
  if (/^\.*$/.test(name)) return refusal('HOST_INVALID', 'the host is empty');
  if (name.length > MAX_HOST_BYTES) return refusal('HOST_INVALID', `the host is longer than ${MAX_HOST_BYTES} bytes`);
  if (!/[^\x21-\x7e]/.test(name)) return null;
  return refusal('HOST_INVALID', `host ${shown(hostname)} holds a character other than printable ASCII`);
}

function parseListener(text: string): Listener {
  const split = splitHostPort(text);
  if (split === null || split.port === null || split.host === '') {
    throw new TypeError(`own listener ${shown(text)}: no address with port; write 127.0.0.1:8080 or [::1]:8080`);
  }
  return { host: parseAddress(split.host) ?? canonicalHostname(split.host), port: split.port };
}

function reaches({ hostname, address, port }: Destination, listener: Listener): boolean {
  if (listener.port !== port) return false;
  const { host } = listener;
  if (typeof host === 'string') return host === hostname;
  return [address, ...embeddedIpv4(address)].some((ip) => sameAddress(ip, host) || meetOnLoopback(ip, host));
}

/** A wildcard listener answers on every loopback address, and dialling the wildcard reaches a loopback listener. */
function meetOnLoopback(a: IpAddress, b: IpAddress): boolean {
  const classes = [classify(a), classify(b)];
  return classes.includes('unspecified') && classes.every((name) => name === 'unspecified' || name === 'loopback');
}

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}
