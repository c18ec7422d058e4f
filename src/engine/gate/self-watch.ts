/** Tells when checks stay without a verdict because this machine pauses while they run. */
import type { ProberStats } from '../../prober/prober.ts';
import type { OperatorEvents } from './operator-events.ts';

export interface SelfWatch {
  /** Looks at how the prober fared since the last look. */
  look(stats: ProberStats): void;
}

export function createSelfWatch(trouble: Pick<OperatorEvents, 'raise' | 'calm'>): SelfWatch {
  let before: Pick<ProberStats, 'stalled' | 'visits' | 'voided'> = { stalled: 0, visits: 0, voided: 0 };
  return {
    look(stats) {
      const stalled = stats.stalled - before.stalled;
      if (stalled > 0) {
        const facts = {
          stalled_checks: stalled,
          void_runs: stats.voided - before.voided,
          runs: stats.visits - before.visits,
        };
        trouble.raise('prober_stalled', {
          state: 'Warning',
          summary: 'checks stay without a verdict, because this machine pauses while they run',
          advice: 'Give the machine that runs the monitor more CPU, and keep it from being suspended.',
          facts,
        });
      } else trouble.calm('prober_stalled');
      before = stats;
    },
  };
}
