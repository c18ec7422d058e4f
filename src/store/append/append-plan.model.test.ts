/** The rules of the log against a plain model of the specification, in memory: at random, and without leaving anything out. */
import { expect, it } from 'vitest';
import { seedOf } from '../../../test/kit/seeded.ts';
import { playEverySequence, sequencesUpTo } from '../../../test/model/exhaustive.ts';
import { modelSteps } from '../../../test/model/random-steps.ts';

const STEPS = 200_000;
/** `prove` goes to 6. */
const LENGTH = 5;

it('agrees with the model in every one of many random steps', async () => {
  const done = await modelSteps({ seed: seedOf('random steps'), steps: STEPS });
  const perSecond = Math.round(done.steps / (done.elapsedMs / 1_000));
  process.stdout.write(`${done.steps} steps in ${done.worlds} worlds, ${perSecond} steps/s\n`);
  expect(done.steps).toBeGreaterThanOrEqual(STEPS);
}, 300_000);

it('agrees with the model after every short sequence of commands', async () => {
  expect(await playEverySequence({ length: LENGTH })).toBe(sequencesUpTo(LENGTH));
}, 300_000);
