import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { MAX_METADATA_BYTES, parseMetadata, storableText } from './metadata.ts';

describe('metadata', () => {
  it('is stored as it is when it fits, and read back the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (metadata) => {
        const { metadata: value } = parseMetadata(storableText(metadata));
        expect(value).toEqual(JSON.parse(JSON.stringify({ ...metadata })));
      }),
    );
  });

  it('is nothing when there is nothing', () => {
    expect(storableText(null)).toBeNull();
    expect(storableText(null, { verification: 'none_configured' })).toBe('{"verification":"none_configured"}');
  });

  it('loses its evidence before anything else', () => {
    const big = { reason: 'http_500', evidence: { body: 'ü'.repeat(MAX_METADATA_BYTES / 2) } };
    const kept = storableText(big, { verification: 'none_configured' });
    expect(parseMetadata(kept).metadata).toEqual({
      reason: 'http_500',
      verification: 'none_configured',
      evidence_dropped: true,
    });
  });

  it('shrinks to a marker when it is too long or no JSON, and is never an error', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const marker = { verification: 'v', metadata_dropped: true };
    expect(
      parseMetadata(storableText({ text: 'x'.repeat(MAX_METADATA_BYTES) }, { verification: 'v' })).metadata,
    ).toEqual(marker);
    expect(parseMetadata(storableText(circular, { verification: 'v' })).metadata).toEqual(marker);
    expect(parseMetadata(storableText({ id: 2n ** 60n })).metadata).toEqual({ id: String(2n ** 60n) });
  });
});

it('that is far too long still lets the event be opened', async () => {
  const { events, queries, addEndpoint } = await temporaryStore();
  const metadata = { reason: 'http_500', evidence: { body: 'x'.repeat(1_000_000) } };
  const opening = { op: 'open', state: 'Seems Down', startedAtMs: 1, reason: 'opened' } as const;
  const { transitions } = await events.append(appendTo(await addEndpoint(), [opening], { metadata }));
  const expected = { metadata: { reason: 'http_500', evidence_dropped: true } };
  expect(transitions).toMatchObject([expected]);
  expect(await queries.list(EVERY_SITE, { limit: 1 })).toMatchObject([expected]);
});
