/** Where probes must never go: our own sockets, whatever HTTP_BIND was spelt like. */
import { networkInterfaces } from 'node:os';
import type { Listening } from '../api/server.ts';

/** `address:port` of all that leads to these sockets, and `bind:port`, because a name may resolve otherwise later. */
export function ownListeners(bind: string, bound: Listening['bound']): string[] {
  const all = bound.flatMap(({ address, port }) => {
    // A wildcard itself stays on the list: to the egress guard it means all of loopback.
    const reached = isWildcard(address) ? [address, ...interfaceAddresses()] : [address];
    return [bind, ...reached].map((host) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  });
  return [...new Set(all)];
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Without link-local ones that need a zone: no URL can name them. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((one) => (one.scopeid ?? 0) === 0).map((one) => one.address),
  );
}
