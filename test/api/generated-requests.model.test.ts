import { expect, it, onTestFinished } from 'vitest';
import { seedOf } from '../kit/seeded.ts';
import { startGeneratedWorld } from './generated-world.ts';

const REQUESTS = 20_000;

it('answers 20,000 drawn requests as the document says, and never fails', { timeout: 900_000 }, async () => {
  const world = await startGeneratedWorld();
  onTestFinished(() => world.close());
  const report = await world.send({ count: REQUESTS, seed: seedOf('20,000 generated requests') });
  expect(report.problems).toEqual([]);
  expect(report.neverSucceeded).toEqual([]);
  expect(report).toMatchObject({
    requests: REQUESTS,
    serverErrors: 0,
    schemaBreaks: 0,
    authBreaks: 0,
    canaries: 0,
    unanswered: 0,
  });
});
