import { expect, it, onTestFinished } from 'vitest';
import { seedOf } from '../kit/seeded.ts';
import { databaseUrl, temporaryFolder } from '../kit/store.ts';
import { startGeneratedWorld } from './generated-world.ts';

it('answers whatever is drawn as the document says, on a database server, too', { timeout: 300_000 }, async () => {
  const world = await startGeneratedWorld({ databaseUrl: await databaseUrl(temporaryFolder()) });
  onTestFinished(() => world.close());
  const report = await world.send({ count: 1_000, seed: seedOf('generated requests on a server') });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ serverErrors: 0, schemaBreaks: 0, authBreaks: 0, canaries: 0, unanswered: 0 });
});
