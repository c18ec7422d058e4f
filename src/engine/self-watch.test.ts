import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import type { ProberStats } from '../prober/prober.ts';
import { silentLog } from '../telemetry/log.ts';
import { createSelfWatch, MONITOR_CHECK } from './self-watch.ts';

const MINUTE_MS = 60_000;

async function watching() {
  const { events, queries } = await temporaryStore();
  const clock = createFakeClock();
  let operations = 0;
  let isBroken = false;
  const parts = {
    events: {
      isOpen: events.isOpen,
      append: (input: Parameters<typeof events.append>[0]) =>
        isBroken ? Promise.reject(new Error('the disk is full')) : events.append(input),
    },
    clock,
    log: silentLog,
    newOpId: () => `self-watch-${operations++}`,
  };
  let stats: ProberStats = { threads: 1, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  let watch = createSelfWatch(parts);
  return {
    clock,
    breakStore(broken: boolean) {
      isBroken = broken;
    },
    async restart() {
      watch = createSelfWatch(parts);
      await watch.start();
      stats = { ...stats, visits: 0, voided: 0, stalled: 0 };
    },
    async look(stalled = 0) {
      stats = {
        ...stats,
        visits: stats.visits + 100,
        voided: stats.voided + stalled * 4,
        stalled: stats.stalled + stalled,
      };
      await watch.look(stats);
    },
    events: (active: boolean) => queries.list({ checkTypes: [MONITOR_CHECK], active, limit: 10 }),
  };
}

describe('checks that stay without a verdict because of us', () => {
  it('are one event about the monitor, which ends when it was calm for a minute', async () => {
    const { look, events, clock } = await watching();
    await look();
    expect(await events(true)).toEqual([]);
    await look(3);
    await look(2);
    const [event, ...more] = await events(true);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      siteId: 0n,
      endpointId: null,
      state: 'Warning',
      metadata: { reason: 'prober_stalled', stalled_checks: 3, void_runs: 12, runs: 100 },
    });
    clock.advance(MINUTE_MS - 1);
    await look();
    expect(await events(true)).toHaveLength(1);
    clock.advance(1);
    await look();
    expect(await events(true)).toEqual([]);
    expect(await events(false)).toHaveLength(1);
  });

  it('are told later when they could not be written at once', async () => {
    const { look, events, breakStore } = await watching();
    breakStore(true);
    await expect(look(1)).rejects.toThrow('the disk is full');
    breakStore(false);
    await look();
    expect(await events(true)).toHaveLength(1);
  });

  it('of a process that ended are over when the next one starts', async () => {
    const { look, events, restart } = await watching();
    await look(1);
    expect(await events(true)).toHaveLength(1);
    await restart();
    expect(await events(true)).toEqual([]);
  });
});
