/** What stands between us and every site answers in their place: what was told of it before the brake tripped is taken back. */
import { describe, expect, it } from 'vitest';
import { fleetEngine } from '../../../test/kit/fleet-engine.ts';

const MINUTE = 60_000;

describe('a proxy of ours that answers for everybody', () => {
  it('leaves no outage behind, though local evidence has the last word', async () => {
    const bench = await fleetEngine(100);
    await bench.engine.start();
    await bench.pass(MINUTE);
    bench.uplink.shows = () => 'answered';
    await bench.pass(40_000);
    expect(await bench.troubles()).toContain('mass_failure');
    const events = await bench.events();
    expect(events.filter(({ endedAtMs }) => endedAtMs === null)).toEqual([]);
    expect(events.filter(({ resolutionReason }) => resolutionReason !== 'false_alarm')).toEqual([]);
    expect(bench.engine.gateStats().open.mass_failure).toBe(true);
  }, 120_000);
});
