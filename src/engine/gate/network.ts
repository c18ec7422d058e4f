/**
 * Which network an address is in, as a number: an IPv4 /16 or an IPv6 /32. Two addresses of one network may fail
 * together without any fault of ours; two of different ones hardly ever do.
 */
import { classify, parseAddress, unmapped } from '../../wire/ip-address.ts';

/** `near`: private, loopback and the like. That such an address is reached tells nothing of the way to the internet. */
export type Scope = 'ipv4' | 'ipv6' | 'near';

const FIRST_IPV6 = 2 ** 16;
const NEAR: readonly string[] = ['shared', 'private', 'link_local', 'loopback', 'unspecified'];

/** Negative for near ones; null when the text is no address. */
export function networkOf(address: string | null): number | null {
  const parsed = address === null ? null : parseAddress(address);
  if (parsed === null) return null;
  const ip = unmapped(parsed);
  const [a = 0, b = 0, c = 0, d = 0] = ip;
  const network = ip.length === 4 ? a * 256 + b : FIRST_IPV6 + a * 2 ** 24 + b * 2 ** 16 + c * 256 + d;
  return NEAR.includes(classify(ip)) ? -1 - network : network;
}

export function scopeOf(network: number): Scope {
  if (network < 0) return 'near';
  return network < FIRST_IPV6 ? 'ipv4' : 'ipv6';
}

/** Stands for the network of a site that has no address: beyond all that have one. */
export function networkOfSite(siteId: bigint): number {
  return 2 ** 40 + Number(BigInt.asUintN(40, siteId));
}
