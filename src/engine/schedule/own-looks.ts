/** Looks at URLs that are no endpoints, such as reference targets, through the prober and the guard of all others. */
import type { ProbePlan } from '../../domain/probe-plan.ts';
import type { Observation } from '../../domain/verdict.ts';
import type { Prober } from '../../prober/prober.ts';

export interface OwnLooks {
  /** `plan` null, or absent: as the process probes. */
  look(url: string, timeoutMs: number, plan?: ProbePlan | null): Promise<Observation>;
  /** Whether a result is of one of these; it is handed on then. */
  take(id: number, observation: Observation): boolean;
}

/** Below zero, where no job of an endpoint is. */
const FIRST_ID = -1;

export function createOwnLooks(prober: Pick<Prober, 'submit'>): OwnLooks {
  const waiting = new Map<number, (observation: Observation) => void>();
  let next = FIRST_ID;
  return {
    look(url, timeoutMs, plan = null) {
      const id = next--;
      const { promise, resolve } = Promise.withResolvers<Observation>();
      waiting.set(id, resolve);
      prober.submit([{ id, url, timeoutMs, plan, evidence: 'unless_healthy' }]);
      return promise;
    },
    take(id, observation) {
      if (id > FIRST_ID) return false;
      waiting.get(id)?.(observation);
      waiting.delete(id);
      return true;
    },
  };
}
