/**
 * Resolvers as they are written down: one in a setting, those of the machine in its resolv.conf, read again when it
 * changes. `search` is ignored because names of sites are absolute.
 */
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { createChangingFile } from './changing-file.ts';

export type ResolverAddress = { address: string; port: number };

const DNS_PORT = 53;
/** As in the machine's own library: further ones are never asked. */
const MAX_NAMESERVERS = 3;
/** What resolv.conf(5) says of a file that names none. */
const THIS_MACHINE: ResolverAddress = { address: '127.0.0.1', port: DNS_PORT };

/** The resolvers that resolv.conf names, as they are now; the same array as long as they did not change. */
export function createResolvConf(path: string, clock: Clock): () => readonly ResolverAddress[] {
  const file = createChangingFile(path, clock);
  let current: readonly ResolverAddress[] = [THIS_MACHINE];
  return () => {
    const text = file.textIfChanged();
    if (text !== null) current = parseResolvConf(text);
    return current;
  };
}

/** Lines of `nameserver address`; those of no address are passed over, as the machine's own library does. */
export function parseResolvConf(text: string): ResolverAddress[] {
  const found: ResolverAddress[] = [];
  for (const line of text.split('\n')) {
    const [word, address = ''] = line.trim().split(/\s+/, 2);
    if (word === 'nameserver' && isIP(address) !== 0) found.push({ address, port: DNS_PORT });
  }
  return found.length === 0 ? [THIS_MACHINE] : found.slice(0, MAX_NAMESERVERS);
}

/** Reads `IP`, `IP:port` or `[IP]:port`. Throws TypeError for anything else. */
export function parseResolverAddress(text: string): ResolverAddress {
  if (isIP(text) !== 0) return { address: text, port: DNS_PORT };
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] === undefined ? DNS_PORT : Number(match[3]);
  if (isIP(address) === 0 || port < 1 || port > 65_535) {
    throw new TypeError(`the resolver "${text}" is not an IP address with an optional port`);
  }
  return { address, port };
}

/** `192.0.2.53:53`, `[2001:db8::53]:53`. */
export function resolverName({ address, port }: ResolverAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
