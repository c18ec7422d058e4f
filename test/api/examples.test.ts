import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import { createJudge } from './judge-reply.ts';
import { promisedBy } from './promised.ts';

/** `test/structure/generated.test.ts` carries them out and finds these replies again. */
const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as OpenApiDocument;

it('has examples whose replies are what the operations promise', () => {
  const judge = createJudge(document);
  const caller = { name: 'ci', headers: {}, may: () => true, mustNotSee: [], own: null };
  const request = { url: '', isPlainPath: true, credential: 'own', caller: 0, headers: {}, body: null } as const;
  for (const operation of promisedBy(document).operations) {
    const [status = '', success] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
    const [type = 'application/json', media] = Object.entries(success?.content ?? {})[0] ?? [];
    const text = media === undefined ? '' : type === 'application/json' ? JSON.stringify(media.example) : '';
    const headers = { 'content-type': type, 'x-request-id': '0'.repeat(32) };
    const reply = { status: Number(status), headers, text };
    expect(judge({ operation, ...request }, caller, reply), operation.operationId).toEqual([]);
  }
});
