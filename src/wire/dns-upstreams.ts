/** The resolvers that are asked: those of the configuration, or those of the machine as they are now. */
import { randomFillSync } from 'node:crypto';
import { Upstream, type UpstreamParts } from './dns-upstream.ts';
import { createResolvConf, parseResolverAddress, type ResolverAddress, resolverName } from './resolv-conf.ts';

export interface Upstreams {
  /** Those to ask now, in this order; one that stays keeps what it has learned. */
  current(): readonly Upstream[];
  close(): void;
}

export type UpstreamsOptions = Omit<UpstreamParts, 'randomId'> & {
  /** `IP[:port]`; empty means those of the machine. */
  servers: readonly string[];
  resolvConfPath?: string;
  randomId?: () => number;
};

/** Throws TypeError for a server that is no address. */
export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const parts = { clock: options.clock, deadlines: options.deadlines, randomId: options.randomId ?? createRandomIds() };
  const configured = options.servers.map(parseResolverAddress);
  const addresses =
    configured.length > 0
      ? () => configured
      : createResolvConf(options.resolvConfPath ?? '/etc/resolv.conf', options.clock);
  let known: readonly ResolverAddress[] = [];
  let upstreams: readonly Upstream[] = [];
  return {
    current() {
      const wanted = addresses();
      if (wanted === known) return upstreams;
      known = wanted;
      const before = new Map(upstreams.map((one) => [one.name, one]));
      const now = new Map<string, Upstream>();
      for (const address of wanted) {
        const name = resolverName(address);
        now.set(name, now.get(name) ?? before.get(name) ?? new Upstream(address, parts));
      }
      upstreams = [...now.values()];
      return upstreams;
    },
    close() {
      for (const upstream of upstreams) upstream.close();
    },
  };
}

/** One call to the generator of the operating system serves many ids. */
function createRandomIds(): () => number {
  const pool = new Uint16Array(512);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    const id = pool[next] ?? 0;
    next += 1;
    return id;
  };
}
