/** Which job is out for which target, so that a stale answer is known as one. */
import type { ProbeJob } from '../prober/prober.ts';
import type { Target } from './target.ts';

export function createJobs() {
  const out = new Map<number, Target>();
  let last = 0;
  return {
    jobFor(target: Target): ProbeJob {
      target.job = ++last;
      out.set(target.job, target);
      const { job: id, url, timeoutMs, plan } = target;
      return { id, url, timeoutMs, plan, evidence: 'unless_healthy' };
    },
    /** The target a job was for; null when that was changed or removed meanwhile: what was seen is stale. */
    claim(id: number): Target | null {
      const target = out.get(id);
      out.delete(id);
      if (target?.job !== id) return null;
      target.job = 0;
      return target;
    },
  };
}
