/** Hostile servers drawn from the corpus: nothing crashes, nothing is mistaken, nothing is left behind. */
import { randomInt } from 'node:crypto';
import type { HostileMeasured, HostileOptions } from './hostile.ts';
import { runProgram } from './program.ts';
import { grouped, type Row } from './row.ts';
import type { Stage } from './stage.ts';

const WARM_UP = 2_000;
const PLAYS = 18_000;
const LONG_PLAYS = 98_000;
const AT_ONCE = 64;
const LIMIT_MS = 900_000;
const MOST_GROWTH_MB = 32;
const SHOWN = 10;
/** Listening for the next one's answers, not left behind by the last. */
const SPARE_DESCRIPTORS = 8;

export const HOSTILE_ROWS: readonly Row[] = [
  {
    what: 'hostile corpus, 20,000 responses',
    goal: '0 crashes, 0 wrong classes, RSS growth < 32 MB, no leaked descriptors',
    async measure(stage) {
      stage.progress('hostile corpus');
      const seed = randomInt(2 ** 31);
      const measured = await play(stage, seed);
      const { plays, wrong, before, after, classes, wallMs, examples } = measured;
      const growthMb = after.rssMb - before.rssMb;
      const leaked = (after.descriptors ?? Number.NaN) - (before.descriptors ?? Number.NaN);
      return {
        measured: `${grouped(plays)} played: ${after.threadDeaths} crashes, ${grouped(wrong)} wrong, RSS ${signed(growthMb)} MB, descriptors ${signed(leaked)}`,
        held:
          after.threadDeaths === 0 &&
          wrong === 0 &&
          growthMb < MOST_GROWTH_MB &&
          (Number.isNaN(leaked) || leaked <= SPARE_DESCRIPTORS),
        detail: [
          `${classes} classes, seed ${seed}, ${grouped(plays / (wallMs / 1_000))} a second`,
          `growth from the end of the first ${grouped(WARM_UP)} on, ${before.rssMb.toFixed(0)} to ${after.rssMb.toFixed(0)} MB`,
          ...examples.slice(0, SHOWN),
        ].join('; '),
      };
    },
  },
];

function play({ long, signal }: Stage, seed: number): Promise<HostileMeasured> {
  const input: HostileOptions = { seed, warmUp: WARM_UP, plays: long ? LONG_PLAYS : PLAYS, atOnce: AT_ONCE };
  return runProgram({ file: 'hostile.ts', input, core: 'any', limitMs: LIMIT_MS, signal });
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${grouped(Math.abs(value))}`;
}
