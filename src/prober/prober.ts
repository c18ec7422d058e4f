/** What the rest of the program knows of probing: hand over jobs in batches, get observations back in batches. */
import type { Observation } from '../domain/verdict.ts';
import type { EgressSettings } from '../wire/egress-guard.ts';
import type { Heartbeat } from './heartbeat.ts';

export type ProbeJob = {
  /** The caller's number for this job; comes back with its observation. */
  id: number;
  /** Absolute http or https URL. */
  url: string;
  /** One absolute deadline over DNS, TCP, TLS, redirects, headers and body. */
  timeoutMs: number;
  /** Evidence is built for anything but a healthy result; `always` asks for it on healthy ones too. */
  evidence: 'always' | 'unless_healthy';
};

export type ProbeResult = { id: number; observation: Observation };

export interface Prober {
  /** Hands over a batch; never blocks and never throws for anything a site did. */
  submit(jobs: readonly ProbeJob[]): void;
  /** Jobs handed over whose observation has not come back. */
  inFlight(): number;
  /** Finishes nothing more: in-flight probes are dropped and never reported. Resolves when the threads have ended. */
  stop(): Promise<void>;
}

/** What a prober thread needs to know; plain data, because it crosses the thread border. */
export type ProberSettings = {
  egress: EgressSettings;
  /** Resolver addresses `IP[:port]`; empty means those of the machine. */
  dnsResolvers: readonly string[];
  /** PEM text trusted beside Node's own roots; null for none. */
  extraCaPem: string | null;
  userAgent: string;
};

/** What a prober thread is started with. */
export type ThreadData = { settings: ProberSettings; heartbeat: Heartbeat };
