/** Addresses for tests, and the platform's own list of ranges to hold ours against. */
import { BlockList } from 'node:net';
import { parseAddress } from '../../src/wire/ip-address.ts';

export function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length] = cidr.split('/');
    list.addSubnet(address, Number(length), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** The bytes of an address; throws on a slip in the test. */
export function address(text: string): Uint8Array {
  const ip = parseAddress(text);
  if (ip === null) throw new Error(`test data: ${text}`);
  return ip;
}
