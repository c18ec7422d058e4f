/**
 * Who was reached lately, and so can stand witness for our network. Every healthy look comes by here, so adding is a
 * few stores into a ring; addresses are read only when a failure is judged.
 */
import type { FailedLook, PassedLook } from '../../domain/gate.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { networkOf, type Scope, scopeOf } from './network.ts';

/** An endpoint that was reached: the newest of its network. */
export type Candidate = {
  readonly endpointId: EndpointId;
  readonly network: number;
  readonly passedAtMs: number;
  /** How long that took; 0: not known. */
  readonly tookMs: number;
  /** When it was last asked to show that it can be reached, or failed by itself; -Infinity: not since it passed. */
  triedAtMs: number;
};

/** Whose witness counts for a failure: networks of these scopes. The key names the set. */
export type Pool = { key: string; scopes: readonly Scope[]; candidates: readonly Candidate[] };

export interface Passes {
  add(look: PassedLook): void;
  /** Those who can stand witness for a failure: in another network than its own, and on the same way out as far as there are two. */
  poolFor(endpointId: EndpointId | null, network: number | null): Pool;
  /** Whether two others of the pool's scopes, in two networks, ended since one instant and began since another. */
  haveTwo(
    failure: FailedLook,
    network: number | null,
    pool: Pool,
    since: { endedMs: number; begunMs: number },
  ): boolean;
  /** It is known to be reachable from an earlier run, though nobody looked since. */
  remember(endpointId: EndpointId, address: string | null, nowMs: number, tookMs: number): void;
  /** It failed. Once that is believed it is no witness any more; until then it may only be reached again later. */
  failed(endpointId: EndpointId, nowMs: number): void;
  forget(endpointId: EndpointId): void;
  candidates(): number;
}

const RING = 512;
const MAX_CANDIDATES = 16;
export const ALL_SCOPES: readonly Scope[] = ['ipv4', 'ipv6', 'near'];

export function createPasses(): Passes {
  const endpointIds: (EndpointId | undefined)[] = Array.from({ length: RING });
  const addresses: (string | null | undefined)[] = Array.from({ length: RING });
  const begunMs = new Float64Array(RING);
  const endedMs = new Float64Array(RING);
  /** By network, oldest first. They never grow too old: when nothing is reached any more they are all there is to ask. */
  const known = new Map<number, Candidate>();
  let added = 0;
  let read = 0;

  /** From the newest back, until as many networks were met as are kept. */
  function readRing(): void {
    const met: Candidate[] = [];
    const networks = new Set<number>();
    const oldest = Math.max(read, added - RING);
    for (let nth = added - 1; nth >= oldest && networks.size < MAX_CANDIDATES; nth -= 1) {
      const endpointId = endpointIds[nth % RING];
      const network = networkOf(addresses[nth % RING] ?? null);
      if (endpointId === undefined || network === null || networks.has(network)) continue;
      networks.add(network);
      const endMs = endedMs[nth % RING] ?? 0;
      met.push(candidate(endpointId, network, endMs, endMs - (begunMs[nth % RING] ?? 0)));
    }
    read = added;
    for (const one of met.reverse()) keep(one);
  }

  function keep(one: Candidate): void {
    known.delete(one.network);
    known.set(one.network, one);
    const [oldest] = known.keys();
    if (known.size > MAX_CANDIDATES && oldest !== undefined) known.delete(oldest);
  }

  const candidate = (endpointId: EndpointId, network: number, passedAtMs: number, tookMs: number): Candidate => ({
    endpointId,
    network,
    passedAtMs,
    tookMs,
    triedAtMs: Number.NEGATIVE_INFINITY,
  });

  function of(endpointId: EndpointId): Candidate | undefined {
    for (const one of known.values()) if (one.endpointId === endpointId) return one;
    return undefined;
  }

  return {
    add(look) {
      const slot = added % RING;
      endpointIds[slot] = look.endpointId;
      addresses[slot] = look.address;
      begunMs[slot] = look.startedAtMonoMs;
      endedMs[slot] = look.endedAtMonoMs;
      added += 1;
    },
    poolFor(endpointId, network) {
      readRing();
      const others = [...known.values()].filter((one) => one.endpointId !== endpointId && one.network !== network);
      return poolOf(others, network);
    },
    haveTwo({ endpointId }, network, { scopes }, since) {
      let first: number | null = null;
      for (let nth = added - 1; nth >= Math.max(0, added - RING); nth -= 1) {
        const slot = nth % RING;
        if ((endedMs[slot] ?? 0) < since.endedMs) break;
        if ((begunMs[slot] ?? 0) < since.begunMs || endpointIds[slot] === endpointId) continue;
        const there = networkOf(addresses[slot] ?? null);
        if (there === null || there === network || there === first || !scopes.includes(scopeOf(there))) continue;
        if (first !== null) return true;
        first = there;
      }
      return false;
    },
    remember(endpointId, address, nowMs, tookMs) {
      const network = networkOf(address);
      if (network !== null) keep(candidate(endpointId, network, nowMs, tookMs));
    },
    failed(endpointId, nowMs) {
      readRing();
      const one = of(endpointId);
      if (one !== undefined) one.triedAtMs = nowMs;
    },
    forget(endpointId) {
      const one = of(endpointId);
      if (one !== undefined) known.delete(one.network);
    },
    candidates: () => known.size,
  };
}

/** IPv6 alone may be broken, and near machines may be reached while the internet is not. */
function poolOf(others: readonly Candidate[], network: number | null): Pool {
  const all: Pool = { key: 'all', scopes: ALL_SCOPES, candidates: others };
  const far = others.filter((one) => scopeOf(one.network) !== 'near');
  if (network === null) return far.length >= 2 ? { key: 'far', scopes: ['ipv4', 'ipv6'], candidates: far } : all;
  const scope = scopeOf(network);
  if (scope === 'near') return all;
  const same = far.filter((one) => scopeOf(one.network) === scope);
  return same.length >= 2
    ? { key: scope, scopes: [scope], candidates: same }
    : { key: 'far', scopes: ['ipv4', 'ipv6'], candidates: far };
}
