/** Topic `prober`: what a check costs, how true it is, and what it takes to crash, stall or fool the prober. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from './prober/row.ts';
import { COST_ROWS } from './prober/rows-cost.ts';
import { FLIGHT_ROWS } from './prober/rows-flight.ts';
import { HOSTILE_ROWS } from './prober/rows-hostile.ts';
import { PAUSE_ROWS } from './prober/rows-pause.ts';
import { TIMING_ROWS } from './prober/rows-timing.ts';
import { type Stage, warmCompileCache } from './prober/stage.ts';
import { type Claim, isWanted, notMeasured, type Topic } from './topic.ts';

const ROWS: readonly Row[] = [...COST_ROWS, ...FLIGHT_ROWS, ...TIMING_ROWS, ...PAUSE_ROWS, ...HOSTILE_ROWS];

export const prober: Topic = {
  name: 'prober',
  title: 'The prober: what a check costs, and what cannot fool it',
  async *run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'jetmon2-prove-'));
    try {
      const stage = { ...context, folder };
      context.progress('one check to begin with');
      await warmCompileCache(stage);
      for (const row of ROWS) {
        if (!isWanted(context, row.what)) continue;
        const claim = await claimOf(row, stage);
        // What was cut off says nothing.
        if (context.signal.aborted) return;
        yield claim;
      }
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

async function claimOf(row: Row, stage: Stage): Promise<Claim> {
  const claim = { what: row.what, goal: row.goal };
  try {
    return { ...claim, ...(await row.measure(stage)) };
  } catch (error) {
    return notMeasured(claim, error);
  }
}
