/**
 * Looks of which the checks themselves know that we failed, not the site: no route, no resolver, no sockets. While there
 * are such endpoints it is told as trouble of our own. So is a resolver that fails for many names: one name that cannot be
 * resolved is that of a site, many at once are the resolver's.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { OperatorEvents, Trouble, TroubleKind } from './operator-events.ts';

export interface OwnFailures {
  /** What a look that was not well came to; null for one that was. Cheap while there is none. */
  saw(endpointId: EndpointId, found: { reason: string; url: string } | null): void;
}

type Kind = Extract<TroubleKind, 'no_network' | 'no_resolver' | 'out_of_resources' | 'hosts_crowded' | 'prober_failed'>;

const KIND_OF: Readonly<Record<string, Kind>> = {
  monitor_network: 'no_network',
  dns_no_resolver: 'no_resolver',
  monitor_resources: 'out_of_resources',
  monitor_busy: 'hosts_crowded',
  prober_failed: 'prober_failed',
};

/** The resolver could not do its work for this name, whoever is to blame. */
const UNRESOLVED: ReadonlySet<string> = new Set(['dns_servfail', 'dns_refused', 'dns_timeout', 'dns_failed']);

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
  hosts_crowded: {
    state: 'Warning',
    summary: 'so many sites share a host or a network that their looks wait too long for each other',
    advice: 'Raise PROBES_PER_HOST and PROBES_PER_NETWORK if these machines are yours, or check less often.',
  },
  prober_failed: {
    state: 'Warning',
    summary: 'looks at some sites fail inside the monitor itself',
    advice: 'This is a fault of the monitor; please report it with what the log says.',
  },
};

const SICK_RESOLVER: Omit<Trouble, 'facts'> = {
  state: 'Degraded',
  summary: 'the resolver fails for sites of many domains at once',
  advice: 'Check the resolvers of the machine that runs the monitor; CHECK_DNS_RESOLVERS can name others.',
};

const MOST_AFFECTED = 100_000;
/** So large a part of all that is watched cannot be resolved only when the resolver is sick; of few sites, half of them. */
const SICK_SHARE = 0.05;
const SICK_LEAST = 5;

type Affected = Kind | { domain: string };

export function createOwnFailures(
  trouble: Pick<OperatorEvents, 'raise' | 'calm'>,
  /** Endpoints that are watched. */
  watched: () => number,
): OwnFailures {
  const affected = new Map<EndpointId, Affected>();
  const counts: Record<Kind, number> = {
    no_network: 0,
    no_resolver: 0,
    out_of_resources: 0,
    hosts_crowded: 0,
    prober_failed: 0,
  };
  /** Endpoints that cannot be resolved, by domain. */
  const domains = new Map<string, number>();
  let unresolved = 0;
  let isSick = false;

  function add(endpointId: EndpointId, one: Affected): void {
    if (affected.size >= MOST_AFFECTED) return;
    affected.set(endpointId, one);
    count(one, 1);
  }

  function remove(endpointId: EndpointId): void {
    const one = affected.get(endpointId);
    if (one === undefined) return;
    affected.delete(endpointId);
    count(one, -1);
    calmDown(typeof one === 'string' ? one : 'no_resolver');
  }

  function count(one: Affected, by: 1 | -1): void {
    if (typeof one === 'string') {
      counts[one] += by;
      return;
    }
    unresolved += by;
    const left = (domains.get(one.domain) ?? 0) + by;
    if (left > 0) domains.set(one.domain, left);
    else domains.delete(one.domain);
  }

  function calmDown(kind: Kind): void {
    if (isSick && !isResolverSick()) isSick = false;
    if (counts[kind] === 0 && !(kind === 'no_resolver' && isSick)) trouble.calm(kind);
  }

  function isResolverSick(): boolean {
    const least = Math.max(watched() * SICK_SHARE, Math.min(SICK_LEAST, watched() / 2));
    return domains.size >= 2 && unresolved >= least;
  }

  function tell(one: Affected): void {
    if (typeof one === 'string') {
      trouble.raise(one, { ...TOLD[one], facts: { targets: counts[one] } });
    } else if (counts.no_resolver === 0 && isResolverSick()) {
      isSick = true;
      trouble.raise('no_resolver', { ...SICK_RESOLVER, facts: { targets: unresolved, domains: domains.size } });
    }
  }

  return {
    saw(endpointId, found) {
      const now = found === null ? null : affectedBy(found);
      if (affected.size > 0 && !isSame(affected.get(endpointId) ?? null, now)) remove(endpointId);
      if (now === null) return;
      if (!affected.has(endpointId)) add(endpointId, now);
      tell(now);
    },
  };
}

function affectedBy({ reason, url }: { reason: string; url: string }): Affected | null {
  return KIND_OF[reason] ?? (UNRESOLVED.has(reason) ? { domain: domainOf(url) } : null);
}

function isSame(one: Affected | null, other: Affected | null): boolean {
  if (one === null || other === null || typeof one === 'string' || typeof other === 'string') return one === other;
  return one.domain === other.domain;
}

/** The last two labels: what may be too little tells of fewer domains than there are, and so less. */
function domainOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.split('.').slice(-2).join('.') : url;
}
