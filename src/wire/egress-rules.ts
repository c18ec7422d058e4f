/**
 * One entry of EGRESS_ALLOW: `CIDR[:port]`, an address or an exact host name, IPv6 in brackets when a port follows.
 * A leading `!` makes it an exception. How entries weigh against each other is decided here, nowhere else.
 */
import { BLOCKED_PORTS } from './blocked-ports.ts';
import {
  type Cidr,
  contains,
  embeddedIpv4,
  formatAddress,
  formatCidr,
  type IpAddress,
  networkOf,
  parseAddress,
  parseCidr,
  sameAddress,
  unmapped,
} from './ip-address.ts';

export type EgressRule = {
  effect: 'allow' | 'deny';
  /** A network, or a host name in lower case without trailing dot. */
  target: Cidr | string;
  /** null covers every port; for an allow rule every port but the blocked ones. */
  port: number | null;
};

export type Destination = {
  /** As `canonicalHostname` writes it. */
  hostname: string;
  address: IpAddress;
  port: number;
};

/** Why an entry was not accepted: what is wrong with it and what to write instead. */
export type RuleProblem = { cause: string; fix: string };

const HOST_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const PORT = /^[1-9][0-9]{0,4}$/;
/** RFC 1035 section 2.3.4, without the trailing dot. */
export const MAX_HOST_BYTES = 253;

/** Lower case, without the brackets of an IPv6 literal and without the dot of the DNS root. */
export function canonicalHostname(hostname: string): string {
  const bare = hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase();
}

/** `host`, `host:port`, `[v6]:port` or bare IPv6. Null when brackets or port make no sense. */
export function splitHostPort(text: string): { host: string; port: number | null } | null {
  const bracketed = text.startsWith('[');
  const hostEnd = bracketed ? text.indexOf(']') : text.indexOf(':');
  if (!bracketed && (hostEnd === -1 || hostEnd !== text.lastIndexOf(':'))) return { host: text, port: null };
  if (hostEnd === -1) return null;
  const host = bracketed ? text.slice(1, hostEnd) : text.slice(0, hostEnd);
  if (bracketed && !host.includes(':')) return null;
  const rest = bracketed ? text.slice(hostEnd + 1) : text.slice(hostEnd);
  if (rest === '') return { host, port: null };
  const portText = rest.slice(1);
  if (!rest.startsWith(':') || !PORT.test(portText) || Number(portText) > 65_535) return null;
  return { host, port: Number(portText) };
}

export function parseEgressRule(entry: string): EgressRule | RuleProblem {
  const effect = entry.startsWith('!') ? 'deny' : 'allow';
  const split = splitHostPort(effect === 'deny' ? entry.slice(1) : entry);
  if (split === null) {
    return { cause: 'the port or the brackets are malformed', fix: 'write 10.0.0.0/8:8080 or [fd00::/8]:8080' };
  }
  const target = parseTarget(split.host);
  if (typeof target !== 'string' && 'cause' in target) return target;
  return { effect, target, port: split.port };
}

function parseTarget(host: string): Cidr | string | RuleProblem {
  if (host.includes('/')) return parseNetwork(host);
  const address = parseAddress(host);
  if (address !== null) {
    const bare = unmapped(address);
    return { address: bare, prefixLength: bare.length * 8 };
  }
  if (host.includes(':')) return { cause: 'it is no IPv6 address', fix: 'write one such as fd00::1, without zone id' };
  return parseHostName(host);
}

function parseNetwork(text: string): Cidr | RuleProblem {
  const cidr = parseCidr(text);
  if (cidr === null) return { cause: 'it is no address range', fix: 'write one such as 10.0.0.0/8 or fd00::/8' };
  const asIpv4 = { address: unmapped(cidr.address), prefixLength: cidr.prefixLength - 96 };
  const isMapped = asIpv4.address !== cidr.address && asIpv4.prefixLength >= 0;
  if (cidr.prefixLength === 0 || (isMapped && asIpv4.prefixLength === 0)) {
    return { cause: 'it covers every address there is', fix: 'list the networks that are meant' };
  }
  if (isMapped) return { cause: 'it is IPv4 in IPv6 clothes', fix: `write ${formatCidr(networkOf(asIpv4))}` };
  const network = networkOf(cidr);
  if (!sameAddress(network.address, cidr.address)) {
    const address = formatAddress(cidr.address);
    return {
      cause: 'the address has bits beyond the prefix',
      fix: `write ${formatCidr(network)} for the network or ${address} for the one address`,
    };
  }
  return network;
}

function parseHostName(text: string): string | RuleProblem {
  const fix = 'write an exact host name such as intranet.example, without scheme, path or wildcard';
  if (/[\s/\\@?#%*[\]]/.test(text) || !URL.canParse(`http://${text}/`)) {
    return { cause: 'it is no address, range or host name', fix };
  }
  const name = canonicalHostname(new URL(`http://${text}/`).hostname);
  if (parseAddress(name) !== null) return { cause: 'it is an odd spelling of an address', fix: `write ${name}` };
  if (name.length > MAX_HOST_BYTES || !HOST_NAME.test(name)) return { cause: 'it is no host name', fix };
  return name;
}

/** The most specific rule that covers the destination; of equally specific ones a deny. Null when none covers it. */
export function rulingFor(rules: readonly EgressRule[], destination: Destination): EgressRule | null {
  let ruling: EgressRule | null = null;
  for (const rule of rules) {
    if (!covers(rule, destination)) continue;
    const lead = ruling === null ? 1 : specificity(rule) - specificity(ruling);
    if (lead > 0 || (lead === 0 && rule.effect === 'deny')) ruling = rule;
  }
  return ruling;
}

function covers(rule: EgressRule, { hostname, address, port }: Destination): boolean {
  if (rule.port === null ? rule.effect === 'allow' && BLOCKED_PORTS.has(port) : rule.port !== port) return false;
  const { target } = rule;
  if (typeof target === 'string') return target === hostname;
  if (contains(target, unmapped(address))) return true;
  // What is denied is denied through every tunnel; what is allowed is allowed as written.
  return rule.effect === 'deny' && embeddedIpv4(address).some((inner) => contains(target, inner));
}

/** Bits of a 128-bit space that the rule fixes, a host name counting as one address; a port breaks the tie. */
function specificity({ target, port }: EgressRule): number {
  const bits = typeof target === 'string' ? 128 : target.prefixLength + (target.address.length === 4 ? 96 : 0);
  return bits * 2 + (port === null ? 0 : 1);
}

/** `deny 10.9.0.0/16 on every port`; an allow rule without port covers those that public addresses have too. */
export function formatRule({ effect, target, port }: EgressRule): string {
  const where = typeof target === 'string' ? target : formatCidr(target);
  const everyPort = effect === 'allow' ? 'the same ports' : 'every port';
  return `${effect} ${where} on ${port === null ? everyPort : `port ${port}`}`;
}
