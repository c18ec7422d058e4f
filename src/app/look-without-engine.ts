/**
 * Looks at once where no server runs: by a prober of one thread that is there while they last, behind the same guard.
 * What they find is told and not booked: the memory of what fails, and the gate, belong to a server.
 */
import { planFor } from '../domain/probe-plan.ts';
import { type Observation, withoutChecks } from '../domain/verdict.ts';
import type { Prober } from '../prober/prober.ts';
import { type LookNow, tooManyLooks } from '../services/look-now.ts';
import type { FleetRows } from '../store/fleet-rows.ts';
import type { Config } from './config.ts';
import { createProber, defaultPlan } from './prober.ts';

const MOST_ASKED = 64;

export function lookWithoutEngine(config: Config, fleetRows: Pick<FleetRows, 'disabledChecks'>): LookNow {
  const waiting = new Map<number, (observation: Observation | null) => void>();
  let lastId = 0;
  let prober: Prober | null = null;

  const start = (): Prober =>
    createProber(
      { ...config, NUM_WORKERS: 1 },
      {
        egress: { allow: config.EGRESS_ALLOW, allowPrivate: false, ownListeners: [] },
        onResults(results) {
          for (const { id, observation } of results) waiting.get(id)?.(observation);
        },
        // The pool replaces the thread and answers for its jobs.
        onThreadDeath() {},
      },
    );

  async function finished(id: number): Promise<void> {
    waiting.delete(id);
    if (waiting.size > 0) return;
    const idle = prober;
    prober = null;
    await idle?.stop();
  }

  return async ({ endpointId, url, timeoutSeconds, plan }, signal) => {
    if (waiting.size >= MOST_ASKED) throw tooManyLooks(waiting.size, '');
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<Observation | null>();
    const abort = () => resolve(null);
    if (signal.aborted) abort();
    waiting.set(id, resolve);
    signal.addEventListener('abort', abort, { once: true });
    try {
      prober ??= start();
      const timeoutMs = (timeoutSeconds ?? config.NET_COMMS_TIMEOUT) * 1_000;
      prober.submit([{ id, url, timeoutMs, plan: planFor(plan, defaultPlan(config)), evidence: 'always' }]);
      const observation = await promise;
      if (observation === null) return null;
      const disabled = await fleetRows.disabledChecks(endpointId);
      return { observation: withoutChecks(observation, disabled), isBooked: false, closed: [] };
    } finally {
      signal.removeEventListener('abort', abort);
      await finished(id);
    }
  };
}
