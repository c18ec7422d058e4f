/**
 * Looks of which the checks themselves know that we failed, not the site: no route, no resolver, no sockets. While there
 * are such endpoints it is told as trouble of our own.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { OperatorEvents, Trouble, TroubleKind } from './operator-events.ts';

export interface OwnFailures {
  /** What a look came to; null for one that could tell. Cheap while there is none. */
  saw(endpointId: EndpointId, unknownBecause: string | null): void;
}

type Kind = Extract<TroubleKind, 'no_network' | 'no_resolver' | 'out_of_resources'>;

const KIND_OF: Readonly<Record<string, Kind>> = {
  monitor_network: 'no_network',
  dns_no_resolver: 'no_resolver',
  monitor_resources: 'out_of_resources',
};

const TOLD: Readonly<Record<Kind, Omit<Trouble, 'facts'>>> = {
  no_network: {
    state: 'Degraded',
    summary: 'this machine has no route to sites that it watches',
    advice: 'Check the network of the machine that runs the monitor; for sites with IPv6 alone, its IPv6.',
  },
  no_resolver: {
    state: 'Degraded',
    summary: 'no resolver answers, so sites cannot be found',
    advice: 'Check the resolvers of the machine that runs the monitor; CHECK_DNS_RESOLVERS can name others.',
  },
  out_of_resources: {
    state: 'Degraded',
    summary: 'this machine runs out of sockets or memory for its looks',
    advice: 'Raise the limit of open files, or watch fewer sites from this machine.',
  },
};

const MOST_AFFECTED = 100_000;

export function createOwnFailures(trouble: Pick<OperatorEvents, 'raise' | 'calm'>): OwnFailures {
  const affected = new Map<EndpointId, Kind>();
  const counts: Record<Kind, number> = { no_network: 0, no_resolver: 0, out_of_resources: 0 };

  function add(endpointId: EndpointId, kind: Kind): void {
    if (affected.size >= MOST_AFFECTED) return;
    affected.set(endpointId, kind);
    counts[kind] += 1;
  }

  function remove(endpointId: EndpointId): void {
    const kind = affected.get(endpointId);
    if (kind === undefined) return;
    affected.delete(endpointId);
    counts[kind] -= 1;
    if (counts[kind] === 0) trouble.calm(kind);
  }

  return {
    saw(endpointId, unknownBecause) {
      const kind = unknownBecause === null ? undefined : KIND_OF[unknownBecause];
      if (affected.size > 0 && affected.get(endpointId) !== kind) remove(endpointId);
      if (kind === undefined) return;
      if (!affected.has(endpointId)) add(endpointId, kind);
      trouble.raise(kind, { ...TOLD[kind], facts: { targets: counts[kind] } });
    },
  };
}
