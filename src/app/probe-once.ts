/** Probes a list of URLs once and ends: the base of `check`. */
import type { ProbePlan } from '../domain/probe-plan.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Config } from './config.ts';
import { createProber } from './prober.ts';

export type ProbeOnceOptions = {
  timeoutMs: number;
  allowPrivate: boolean;
  /** How every URL is probed; absent or null: as the configuration says. */
  plan?: ProbePlan | null;
};

/** Calls `onObservation` in the order of `urls`, each as soon as it and all before it are there. */
export async function probeOnce(
  config: Config,
  urls: readonly string[],
  options: ProbeOnceOptions,
  onObservation: (url: string, observation: Observation) => void,
): Promise<void> {
  const observations = new Map<number, Observation>();
  let reported = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const prober = createProber(config, {
    egress: { allow: config.EGRESS_ALLOW, allowPrivate: options.allowPrivate, ownListeners: [] },
    onResults(results) {
      for (const { id, observation } of results) observations.set(id, observation);
      for (let next = observations.get(reported); next !== undefined; next = observations.get(reported)) {
        onObservation(urls[reported] ?? '', next);
        observations.delete(reported);
        reported += 1;
      }
      if (reported === urls.length) resolve();
    },
    // The pool replaces the thread and answers for its jobs; there is nothing to add here.
    onThreadDeath() {},
  });
  try {
    if (urls.length === 0) return;
    const { timeoutMs, plan = null } = options;
    prober.submit(urls.map((url, id) => ({ id, url, timeoutMs, plan, evidence: 'always' })));
    await promise;
  } finally {
    await prober.stop();
  }
}
