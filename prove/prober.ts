/** Topic `prober`: what a check costs, how true it is, and what it takes to crash, stall or fool the prober. */
import { COST_ROWS } from './prober/rows-cost.ts';
import { FLIGHT_ROWS } from './prober/rows-flight.ts';
import { HOSTILE_ROWS } from './prober/rows-hostile.ts';
import { PAUSE_ROWS } from './prober/rows-pause.ts';
import { TIMING_ROWS } from './prober/rows-timing.ts';
import { type Stage, warmCompileCache } from './prober/stage.ts';
import { inFolder, measureRows } from './rows.ts';
import type { ProofContext, Topic } from './topic.ts';

const ROWS = [...COST_ROWS, ...FLIGHT_ROWS, ...TIMING_ROWS, ...PAUSE_ROWS, ...HOSTILE_ROWS];

export const prober: Topic = {
  name: 'prober',
  title: 'The prober: what a check costs, and what cannot fool it',
  run: (context) =>
    inFolder(async function* (folder) {
      const stage = { ...context, folder };
      context.progress('one check to begin with');
      await warmCompileCache(stage);
      yield* measureRows<Stage & ProofContext>(ROWS, stage);
    }),
};
