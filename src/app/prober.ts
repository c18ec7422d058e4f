/** Builds the prober that a configuration asks for. */
import { systemClock } from '../lib/clock.ts';
import { createProberPool } from '../prober/pool.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { EgressSettings } from '../wire/egress-guard.ts';
import type { Config } from './config.ts';

/** How we introduce ourselves to sites (spec/03 section 5.2). */
const USER_AGENT = 'jetmon/2.0 (Jetpack Site Uptime Monitor by WordPress.com)';

export function createProber(
  config: Pick<Config, 'CHECK_DNS_RESOLVERS' | 'extraCaPem'>,
  options: {
    egress: EgressSettings;
    onResults(results: ProbeResult[]): void;
    onThreadDeath(error: Error): void;
  },
): Prober {
  return createProberPool({
    settings: {
      egress: options.egress,
      dnsResolvers: config.CHECK_DNS_RESOLVERS,
      extraCaPem: config.extraCaPem,
      userAgent: USER_AGENT,
    },
    clock: systemClock,
    onResults: options.onResults,
    onThreadDeath: options.onThreadDeath,
  });
}
