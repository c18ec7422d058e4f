import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { MAX_METADATA_BYTES, parseMetadata, storable } from './metadata.ts';

describe('storable metadata', () => {
  it('is stored as it is when it fits, and read back the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (metadata) => {
        const { text, value } = storable(metadata);
        expect(parseMetadata(text)).toEqual({ metadata: value });
        expect(value).toEqual(JSON.parse(JSON.stringify({ ...metadata })));
      }),
    );
  });

  it('is nothing when there is nothing', () => {
    expect(storable(null)).toEqual({ text: null, value: null });
    expect(storable(null, { verification: 'none_configured' }).text).toBe('{"verification":"none_configured"}');
  });

  it('loses its evidence before anything else', () => {
    const big = { reason: 'http_500', evidence: { body: 'ü'.repeat(MAX_METADATA_BYTES / 2) } };
    const kept = storable(big, { verification: 'none_configured' });
    expect(kept.value).toEqual({ reason: 'http_500', verification: 'none_configured', evidence_dropped: true });
  });

  it('shrinks to a marker when it is too long or no JSON, and is never an error', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const marker = { verification: 'v', metadata_dropped: true };
    expect(storable({ text: 'x'.repeat(MAX_METADATA_BYTES) }, { verification: 'v' }).value).toEqual(marker);
    expect(storable(circular, { verification: 'v' }).value).toEqual(marker);
    expect(storable({ id: 2n ** 60n }).value).toEqual({ id: String(2n ** 60n) });
  });
});

it('that is far too long still lets the event be opened', async () => {
  const { events, queries, addEndpoint } = await temporaryStore();
  const metadata = { reason: 'http_500', evidence: { body: 'x'.repeat(1_000_000) } };
  const opening = { op: 'open', state: 'Seems Down', startedAtMs: 1, reason: 'opened' } as const;
  const { transitions } = await events.append(appendTo(await addEndpoint(), [opening], { metadata }));
  const expected = { metadata: { reason: 'http_500', evidence_dropped: true } };
  expect(transitions).toMatchObject([expected]);
  expect(await queries.list({ limit: 1 })).toMatchObject([expected]);
});
