/** Builds the prober that a configuration asks for. */
import { systemClock } from '../lib/clock.ts';
import { createProberPool } from '../prober/pool.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { Config } from './config.ts';

/** How we introduce ourselves to sites (spec/03 section 5.2). */
export const USER_AGENT = 'jetmon/2.0 (Jetpack Site Uptime Monitor by WordPress.com)';

export function createProber(
  config: Pick<Config, 'EGRESS_ALLOW' | 'CHECK_DNS_RESOLVERS' | 'extraCaPem'>,
  options: {
    allowPrivate: boolean;
    ownListeners: readonly string[];
    onResults(results: ProbeResult[]): void;
    onThreadDeath(error: Error): void;
  },
): Prober {
  return createProberPool({
    settings: {
      egress: {
        allow: config.EGRESS_ALLOW,
        allowPrivate: options.allowPrivate,
        ownListeners: options.ownListeners,
      },
      dnsResolvers: config.CHECK_DNS_RESOLVERS,
      extraCaPem: config.extraCaPem,
      userAgent: USER_AGENT,
    },
    clock: systemClock,
    onResults: options.onResults,
    onThreadDeath: options.onThreadDeath,
  });
}
