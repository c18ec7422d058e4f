import { expect, it, onTestFinished } from 'vitest';
import { seedOf } from '../kit/seeded.ts';
import { startGeneratedWorld } from './generated-world.ts';

it('answers whatever the document lets one draw as the document says, and never fails', {
  timeout: 120_000,
}, async () => {
  const world = await startGeneratedWorld();
  onTestFinished(() => world.close());
  const report = await world.send({ count: 300, seed: seedOf('generated requests') });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ requests: 300, serverErrors: 0, schemaBreaks: 0, authBreaks: 0, canaries: 0 });
  expect(report.unanswered).toBe(0);
});
