/**
 * A program: nothing but the prober, one pool for each kind of resolver, so that its memory and descriptors are not
 * mixed with those of the servers it is set against. Speaks with whoever started it over the channel between processes.
 */
import { watchLifeline } from '../../src/app/lifeline.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createProberPool } from '../../src/prober/pool.ts';
import type { Prober } from '../../src/prober/prober.ts';
import type { ResolverProfile } from '../../test/hostile/hostile-class.ts';
import type { HostileSettings } from '../../test/hostile/hostile-kit.ts';
import type { HostileJob } from '../../test/hostile/play.ts';
import { openDescriptors } from './descriptors.ts';
import { settingsWith } from './own-prober.ts';

/** What is said to it. */
export type HostileOrder =
  | { kind: 'start'; settings: Record<ResolverProfile, HostileSettings> }
  | { kind: 'probe'; id: number; job: HostileJob }
  | { kind: 'state' };

/** What it says. */
export type HostileNews =
  | { kind: 'observed'; id: number; observation: Observation }
  | { kind: 'state'; state: HostileState };

export type HostileState = { rssMb: number; descriptors: number | null; threadDeaths: number };

const pools = new Map<string, Prober>();
let threadDeaths = 0;

watchLifeline(process.env, () => process.exit());
process.on('message', (order: HostileOrder) => obey(order));
// It lives to be told what to do, and the lifeline alone keeps nobody alive.
process.channel?.ref();

function obey(order: HostileOrder): void {
  switch (order.kind) {
    case 'start':
      for (const [profile, settings] of Object.entries(order.settings)) pools.set(profile, startPool(settings));
      break;
    case 'probe':
      probe(order.id, order.job);
      break;
    case 'state':
      say({ kind: 'state', state: stateNow() });
      break;
  }
}

function startPool(settings: HostileSettings): Prober {
  return createProberPool({
    settings: { ...settingsWith({ caPem: null }), ...settings },
    clock: systemClock,
    maxThreads: 1,
    onResults(results) {
      for (const { id, observation } of results) say({ kind: 'observed', id, observation });
    },
    onThreadDeath() {
      threadDeaths += 1;
    },
  });
}

function probe(id: number, { url, timeoutMs, plan, resolvers }: HostileJob): void {
  const pool = pools.get(resolvers);
  if (pool === undefined) throw new TypeError(`there is no pool for ${resolvers}`);
  pool.submit([{ id, url, timeoutMs, plan, evidence: 'always' }]);
}

function stateNow(): HostileState {
  globalThis.gc?.();
  return { rssMb: process.memoryUsage.rss() / 2 ** 20, descriptors: openDescriptors('self'), threadDeaths };
}

function say(news: HostileNews): void {
  process.send?.(news);
}
