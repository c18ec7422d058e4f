/**
 * How many connections one address and one network may have from us at a time, so that a monitor of many sites is no
 * flood for the few machines that serve them (reliability.md E24). Whoever is over the limit waits in order: first those
 * whose failure is being confirmed, last those that are known to be down, so that one host that hangs with many sites is
 * told of site by site instead of being looked at for the same few again and again. Of four places that become free one
 * is for the last, so that their recovery is seen, too.
 */
import { isIPv6 } from 'node:net';
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
  /**
   * Calls `enter` as soon as a `release` makes room, which then is taken. Gives what ends the wait: nothing is called after
   * it, and nothing is kept of whoever waited. After `enter` it does nothing.
   */
  wait(address: string, enter: () => void, precedence?: Precedence): () => void;
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
    wait(address, enter, precedence = null) {
      let leave = () => {};
      const toNetwork = () => {
        const leaveNetwork = networks.acquire(networkOf(address), enter, precedence);
        leave = () => {
          if (leaveNetwork()) hosts.release(address);
        };
      };
      const leaveHost = hosts.acquire(address, toNetwork, precedence);
      return () => {
        if (!leaveHost()) leave();
      };
    },
    release(address) {
      networks.release(networkOf(address));
      hosts.release(address);
    },
    waiting: () => hosts.waiting + networks.waiting,
  };
}

/** By precedence. */
type Line = Record<'first' | 'usual' | 'last', Set<() => void>>;
type Place = { inside: number; line: Line | null; turn: number };

/** Every so many places that become free are offered to the last first. */
const TURNS_TO_THE_LAST = 4;

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
    if (place === undefined) this.#places.set(key, { inside: 1, line: null, turn: 0 });
    else if (place.inside < this.#limit) place.inside += 1;
    else return false;
    return true;
  }

  /** Gives what ends a wait, and says whether there was one. */
  acquire(key: string, enter: () => void, precedence: Precedence): () => boolean {
    if (this.enter(key)) {
      enter();
      return () => false;
    }
    const place = this.#places.get(key);
    if (place === undefined) return () => false;
    place.line ??= { first: new Set(), usual: new Set(), last: new Set() };
    const line = place.line[precedence ?? 'usual'];
    const waiter = () => enter();
    line.add(waiter);
    this.waiting += 1;
    return () => {
      if (!line.delete(waiter)) return false;
      this.waiting -= 1;
      return true;
    };
  }

  release(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    const next = this.#next(place);
    if (next !== null) next();
    else if (place.inside > 1) place.inside -= 1;
    else this.#places.delete(key);
  }

  #next(place: Place): (() => void) | null {
    const { line } = place;
    if (line === null) return null;
    place.turn = (place.turn + 1) % TURNS_TO_THE_LAST;
    const order = place.turn === 0 ? [line.last, line.first, line.usual] : [line.first, line.usual, line.last];
    for (const waiters of order) {
      for (const waiter of waiters) {
        waiters.delete(waiter);
        this.waiting -= 1;
        return waiter;
      }
    }
    return null;
  }
}

/** The first 24 bits of an IPv4 address, the first 48 of an IPv6 one. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address.slice(0, address.lastIndexOf('.'));
  const parsed = parseAddress(address);
  return parsed === null ? address : `6:${parsed.slice(0, 6).join('.')}`;
}
