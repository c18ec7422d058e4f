/** Looks at many sites at once through one prober: a bounded number at a time, each batch within its own deadline. */
import type { BodyBudgets, ProbePlan } from '../domain/probe-plan.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import { createQueue } from '../lib/queue.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import { GRACE_MS } from './limits.ts';

export type Look = { url: string; timeoutMs: number; plan: ProbePlan; budgets: BodyBudgets };

/** Or why there is nothing: its turn did not come, or it was not over, because this machine stood still or a limit held it up. */
export type Seen = Observation | 'no_turn' | 'not_over';

export interface Looks {
  /**
   * What was seen of each, in their order, by the time the longest of them may take and three seconds. The signal gives
   * up on the rest.
   */
  all(looks: readonly Look[], signal: AbortSignal): Promise<Seen[]>;
  stats(): { running: number; waiting: number };
  /** Ends the prober; batches under way go without what they do not have. */
  stop(): Promise<void>;
}

type Pending = { look: Look; settle: (seen: Seen) => void; isStarted: boolean; isOver: boolean };

export function createLooks(deps: {
  createProber(onResults: (results: ProbeResult[]) => void): Prober;
  clock: Clock;
  /** Looks under way at a time. */
  maxAtOnce: number;
}): Looks {
  const waiting = createQueue<Pending>();
  const running = new Map<number, Pending>();
  const batches = new Set<() => void>();
  let lastId = 0;
  const prober = deps.createProber((results) => {
    for (const { id, observation } of results) {
      const pending = running.get(id);
      running.delete(id);
      pending?.settle(observation);
    }
    startSome();
  });

  function startSome(): void {
    const jobs = [];
    while (running.size < deps.maxAtOnce) {
      const next = waiting.shift();
      if (next === undefined) break;
      if (next.isOver) continue;
      lastId += 1;
      next.isStarted = true;
      running.set(lastId, next);
      jobs.push({ id: lastId, ...next.look, evidence: 'unless_healthy' as const });
    }
    prober.submit(jobs);
  }

  return {
    all(looks, signal) {
      const { promise, resolve } = Promise.withResolvers<Seen[]>();
      const found: Seen[] = looks.map(() => 'no_turn');
      let left = looks.length;
      const pendings = looks.map((look, index): Pending => {
        const pending = {
          look,
          isStarted: false,
          isOver: false,
          settle(seen: Seen) {
            if (pending.isOver) return;
            pending.isOver = true;
            found[index] = seen;
            left -= 1;
            if (left === 0) end();
          },
        };
        return pending;
      });
      const giveUp = () => {
        for (const pending of pendings) pending.settle(pending.isStarted ? 'not_over' : 'no_turn');
      };
      const limitMs = Math.max(0, ...looks.map(({ timeoutMs }) => timeoutMs)) + GRACE_MS;
      const timer = deps.clock.after(limitMs, giveUp);
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        batches.delete(giveUp);
        resolve(found);
      };
      batches.add(giveUp);
      signal.addEventListener('abort', giveUp);
      if (signal.aborted) giveUp();
      if (left === 0) end();
      for (const pending of pendings) if (!pending.isOver) waiting.push(pending);
      startSome();
      return promise;
    },
    stats: () => ({ running: running.size, waiting: waiting.size() }),
    async stop() {
      for (const giveUp of batches) giveUp();
      await prober.stop();
    },
  };
}
