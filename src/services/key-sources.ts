/** From where a key is taken: networks it is limited to, compared with the other end of the connection. */
import { contains, formatCidr, networkOf, parseAddress, parseCidr, unmapped } from '../wire/ip-address.ts';

/** Bits of an IPv6 address before the IPv4 address that it may carry (RFC 4291, 2.5.5.2). */
const MAPPED_BITS = 96;

/** A network, or one address, in its one text form: that of IPv4 where it is one of IPv4. Null for what is neither. */
export function sourceIn(text: string): string | null {
  const address = parseAddress(text);
  const network = address === null ? parseCidr(text) : { address, prefixLength: address.length * 8 };
  if (network === null) return null;
  const plain = unmapped(network.address);
  const isMapped = plain.length < network.address.length && network.prefixLength >= MAPPED_BITS;
  const its = isMapped ? { address: plain, prefixLength: network.prefixLength - MAPPED_BITS } : network;
  return formatCidr(networkOf(its));
}

/**
 * Whether an address is in one of the networks. `networks` null: from everywhere. What is no network, and an address that is
 * not known, let nobody in. What headers say of addresses is not asked: anybody can send them.
 */
export function comesFrom(networks: readonly string[] | null, remoteAddress: string | undefined): boolean {
  if (networks === null) return true;
  const [bare = ''] = (remoteAddress ?? '').split('%', 1);
  const address = parseAddress(bare);
  if (address === null) return false;
  const plain = unmapped(address);
  return networks.some((text) => {
    const network = parseCidr(text);
    return network !== null && contains(network, plain);
  });
}
