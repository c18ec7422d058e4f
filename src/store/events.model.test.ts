/** The writer on a real database against a plain model of the specification; at the end of each run all that is stored is compared. */
import { expect, it } from 'vitest';
import { seedOf } from '../../test/kit/seeded.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { databaseRuns } from '../../test/model/database-runs.ts';

const RUNS = 300;

it('agrees with the model after whatever was appended, sent again, refused and cut short', async () => {
  const store = await temporaryStore();
  expect(await databaseRuns(store, { seed: seedOf('runs on a database'), runs: RUNS })).toBe(RUNS);
}, 300_000);
