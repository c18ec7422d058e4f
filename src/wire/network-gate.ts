/**
 * How many connections one address and one network may have from us at a time, so that a monitor of many sites is no
 * flood for the few machines that serve them (reliability.md E24). Whoever is over the limit waits in order: first those
 * whose failure is being confirmed, last those that are known to be down, so that one host that hangs with many sites is
 * told of site by site instead of being looked at for the same few again and again.
 */
import { isIPv6 } from 'node:net';
import { createQueue, type Queue } from '../lib/queue.ts';
import { parseAddress } from './ip-address.ts';

export type GateLimits = {
  /** Connections to one address; 0 for no limit. */
  perHost: number;
  /** Connections to one network, an IPv4 /24 or an IPv6 /48; 0 for no limit. */
  perNetwork: number;
};

/** Whose turn it is when a place becomes free; `null`: after the first and before the last. */
export type Precedence = 'first' | 'last' | null;

export interface NetworkGate {
  /** True when there is room, which then is taken. Every entry must be released. */
  enter(address: string): boolean;
  /** Calls `enter` as soon as a `release` makes room, which then is taken. */
  wait(address: string, enter: () => void, precedence?: Precedence): void;
  release(address: string): void;
  /** How many wait. */
  waiting(): number;
}

/** Null where nothing is limited. */
export function createNetworkGate({ perHost, perNetwork }: GateLimits): NetworkGate | null {
  if (perHost === 0 && perNetwork === 0) return null;
  const hosts = new Turnstile(perHost === 0 ? Number.POSITIVE_INFINITY : perHost);
  const networks = new Turnstile(perNetwork === 0 ? Number.POSITIVE_INFINITY : perNetwork);
  return {
    enter(address) {
      if (!hosts.enter(address)) return false;
      if (networks.enter(networkOf(address))) return true;
      hosts.release(address);
      return false;
    },
    // The narrower one first: those who wait for their host must not keep a place in the network.
    wait: (address, enter, precedence = null) =>
      hosts.acquire(address, () => networks.acquire(networkOf(address), enter, precedence), precedence),
    release(address) {
      networks.release(networkOf(address));
      hosts.release(address);
    },
    waiting: () => hosts.waiting + networks.waiting,
  };
}

/** By precedence. */
type Line = Record<'first' | 'usual' | 'last', Queue<() => void>>;
type Place = { inside: number; line: Line | null };

/** Lets so many in per key; a key is forgotten when the last one left. */
class Turnstile {
  waiting = 0;
  readonly #limit: number;
  readonly #places = new Map<string, Place>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  enter(key: string): boolean {
    const place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, { inside: 1, line: null });
    else if (place.inside < this.#limit) place.inside += 1;
    else return false;
    return true;
  }

  acquire(key: string, enter: () => void, precedence: Precedence): void {
    if (this.enter(key)) {
      enter();
      return;
    }
    const place = this.#places.get(key);
    if (place === undefined) return;
    place.line ??= { first: createQueue(), usual: createQueue(), last: createQueue() };
    place.line[precedence ?? 'usual'].push(enter);
    this.waiting += 1;
  }

  release(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    const { line } = place;
    const next = line === null ? undefined : (line.first.shift() ?? line.usual.shift() ?? line.last.shift());
    if (next !== undefined) {
      this.waiting -= 1;
      next();
    } else if (place.inside > 1) place.inside -= 1;
    else this.#places.delete(key);
  }
}

/** The first 24 bits of an IPv4 address, the first 48 of an IPv6 one. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address.slice(0, address.lastIndexOf('.'));
  const parsed = parseAddress(address);
  return parsed === null ? address : `6:${parsed.slice(0, 6).join('.')}`;
}
