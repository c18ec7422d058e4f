import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONTRACTS } from '../../src/contracts/all.ts';
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import { databaseUrl, temporaryFolder } from '../kit/store.ts';
import { promisedBy } from './promised.ts';
import { recordExamples } from './record-examples.ts';

const committed = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as OpenApiDocument;

it('answers the example of every operation on a database server with the same as on a file', {
  timeout: 400_000,
}, async () => {
  const recorded = await recordExamples(CONTRACTS, () => databaseUrl(temporaryFolder()));
  const operations = promisedBy(committed).operations;
  expect(Object.keys(recorded).toSorted()).toEqual(operations.map(({ operationId }) => operationId).toSorted());
  for (const { operationId, responses } of operations) {
    const { status, body, text } = recorded[operationId] ?? {};
    const [media] = Object.values(responses[String(status)]?.content ?? {});
    // Through JSON, as the committed ones went.
    const answered = text ?? (body === undefined ? undefined : JSON.parse(JSON.stringify(body)));
    expect(answered, operationId).toEqual(media?.example);
  }
});
