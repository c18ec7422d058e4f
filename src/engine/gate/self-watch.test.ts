import { describe, expect, it } from 'vitest';
import type { ProberStats } from '../../prober/prober.ts';
import { createSelfWatch } from './self-watch.ts';

function watching() {
  const said: [string, (object | undefined)?][] = [];
  const watch = createSelfWatch({
    raise: (name, { facts }) => said.push([`raise ${name}`, facts]),
    calm: (name) => said.push([`calm ${name}`]),
  });
  let stats: ProberStats = { threads: 1, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  return {
    said,
    look(stalled = 0) {
      const { visits, voided } = stats;
      stats = { ...stats, visits: visits + 100, voided: voided + stalled * 4, stalled: stats.stalled + stalled };
      watch.look(stats);
    },
  };
}

describe('checks that stay without a verdict because of us', () => {
  it('are told, with what happened since the last look, until there are none', () => {
    const { look, said } = watching();
    look();
    look(3);
    look(2);
    look();
    expect(said).toEqual([
      ['calm prober_stalled'],
      ['raise prober_stalled', { stalled_checks: 3, void_runs: 12, runs: 100 }],
      ['raise prober_stalled', { stalled_checks: 2, void_runs: 8, runs: 100 }],
      ['calm prober_stalled'],
    ]);
  });
});
