/** What the rest of the program knows of probing: hand over jobs in batches, get observations back in batches. */
import type { BodyBudgets, ProbePlan } from '../domain/probe-plan.ts';
import type { Observation } from '../domain/verdict.ts';
import type { EgressSettings } from '../wire/egress-guard.ts';
import type { GateLimits, Precedence } from '../wire/network-gate.ts';

export type { Precedence };

export type ProbeJob = {
  /** The caller's number for this job; comes back with its observation. */
  id: number;
  /** Absolute http or https URL. */
  url: string;
  /** One absolute deadline over DNS, TCP, TLS, redirects, headers and body. */
  timeoutMs: number;
  /** What to ask and expect; null for the plan of the settings, as nearly all have. */
  plan: ProbePlan | null;
  /** How much of the body is read; as the settings say when absent, as for nearly all. */
  budgets?: BodyBudgets;
  /** Evidence is built for anything but a healthy result; `always` asks for it on healthy ones too. */
  evidence: 'always' | 'unless_healthy';
  /** Whose turn it is where connections to one network are few. */
  precedence?: Precedence;
};

export type ProbeResult = { id: number; observation: Observation };

export interface Prober {
  /** Hands over a batch; never blocks and never throws for anything a site did. */
  submit(jobs: readonly ProbeJob[]): void;
  /** Jobs handed over whose observation has not come back. */
  inFlight(): number;
  stats(): ProberStats;
  /** Drops what waits and finishes what runs; its results still come. Resolves when the threads have ended. */
  drain(): Promise<void>;
  /** Finishes nothing more: in-flight probes are dropped and never reported. Resolves when the threads have ended. */
  stop(): Promise<void>;
}

/** How the prober fares. Counts are since the start; both may be some 50 ms old. */
export type ProberStats = {
  threads: number;
  /** Visits under way, and jobs that wait for their turn. */
  running: number;
  waiting: number;
  /** Visits made, and those of them that a pause of ours made void. */
  visits: number;
  voided: number;
  /** Jobs that stayed without a result after every run of theirs was void. */
  stalled: number;
};

/** What a prober thread needs to know; plain data, because it crosses the thread border. */
export type ProberSettings = {
  egress: EgressSettings;
  /** Resolver addresses `IP[:port]`; empty means those of the machine. */
  dnsResolvers: readonly string[];
  /** PEM text trusted beside the authorities of Node and of the machine; null for none. */
  extraCaPem: string | null;
  userAgent: string;
  /** The plan of a job that brings none. */
  plan: ProbePlan;
  budgets: BodyBudgets;
  /** Connections to one target at a time. */
  limits: GateLimits;
  /** Address of this machine that probes come from; null leaves it to the system. */
  bindSource: string | null;
};
