/** Settings of probers in tests: loopback is open, and nothing is limited. */
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import type { ProberSettings } from '../../src/prober/prober.ts';
import type { GateLimits } from '../../src/wire/network-gate.ts';

export const NO_LIMITS: GateLimits = { perHost: 0, perNetwork: 0 };

export const TEST_PROBER_SETTINGS: ProberSettings = {
  egress: { allow: ['127.0.0.0/8'], allowPrivate: false, ownListeners: [] },
  dnsResolvers: [],
  extraCaPem: null,
  userAgent: 'jetmon-test',
  plan: DEFAULT_PLAN,
  budgets: DEFAULT_BUDGETS,
  limits: NO_LIMITS,
  bindSource: null,
};
