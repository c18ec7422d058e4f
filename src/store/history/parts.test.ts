import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { silentLog } from '../../telemetry/log.ts';
import type { Database } from '../database.ts';
import { createTrouble, createTurns } from './parts.ts';

function turnsOn(clock: ReturnType<typeof createFakeClock>) {
  const waits: number[] = [];
  const inTurn = createTurns({
    db: {} as Database,
    clock,
    log: silentLog,
    writer: 'test',
    trouble: createTrouble(silentLog),
    isStopping: () => false,
    wait: async (ms) => void waits.push(ms),
  });
  return { inTurn, waits };
}

describe('computing that nobody waits for', () => {
  it('goes on while its turn is short', async () => {
    const clock = createFakeClock();
    const { inTurn, waits } = turnsOn(clock);
    clock.advance(4);
    await inTurn();
    expect(waits).toEqual([]);
  });

  it('leaves three quarters of the thread to others, however long a turn took', async () => {
    const clock = createFakeClock();
    const { inTurn, waits } = turnsOn(clock);
    for (const tookMs of [6, 40]) {
      clock.advance(tookMs);
      await inTurn();
    }
    expect(waits).toEqual([18, 120]);
  });
});
