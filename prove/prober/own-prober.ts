/** Our prober as the product builds it: the same pool, the same threads, only without regard for loopback's good name. */
import { setEnvironmentData } from 'node:worker_threads';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createProberPool } from '../../src/prober/pool.ts';
import type { ProbeResult, Prober, ProberSettings } from '../../src/prober/prober.ts';
import { createSharedDelay, SHARED_DELAY, type SharedDelay } from './shared-delay.ts';

export type OwnProberOptions = {
  /** PEM text of the authority of the targets; null for plain HTTP. */
  caPem: string | null;
  onResults(results: ProbeResult[]): void;
};

export type OwnProber = { prober: Prober; threadDelay: SharedDelay; threadDeaths(): number };

/** All of loopback is one network, and a few hosts stand for many. */
const NO_LIMITS = { perHost: 1_000_000, perNetwork: 1_000_000 };

export function settingsWith({ caPem }: Pick<OwnProberOptions, 'caPem'>): ProberSettings {
  return {
    egress: { allow: ['127.0.0.0/8', '::1/128'], allowPrivate: false, ownListeners: [] },
    dnsResolvers: [],
    extraCaPem: caPem,
    userAgent: 'jetmon/2.0 (Jetpack Site Uptime Monitor by WordPress.com)',
    plan: DEFAULT_PLAN,
    budgets: DEFAULT_BUDGETS,
    limits: NO_LIMITS,
    bindSource: null,
  };
}

export function startOwnProber(options: OwnProberOptions): OwnProber {
  const threadDelay = createSharedDelay();
  setEnvironmentData(SHARED_DELAY, threadDelay.memory);
  let deaths = 0;
  const prober = createProberPool({
    settings: settingsWith(options),
    clock: systemClock,
    onResults: options.onResults,
    onThreadDeath() {
      deaths += 1;
    },
    maxThreads: 1,
    threadModule: new URL('./watched-thread.ts', import.meta.url),
  });
  return { prober, threadDelay, threadDeaths: () => deaths };
}
