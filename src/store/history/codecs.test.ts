/** What is stored comes back as it was, in few bytes; what is damaged is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySamples, endpointOf, steadyLooks } from '../../../test/kit/history.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { createByteReader, createByteWriter } from '../../lib/bytes.ts';
import {
  addSummary,
  decodeBlock,
  emptySummary,
  encodeBlock,
  mergeParts,
  type Part,
  partsOf,
  summaryOf,
} from './block.ts';
import { createPending } from './pending.ts';
import { DAY_MS, emptySample, HOUR_MS, type Sample } from './sample.ts';
import { readSamples, writeSamples } from './sample-codec.ts';
import { seal, unseal } from './sealed.ts';
import { encodeSegments, openSegment, SHARDS, shardOf } from './segment.ts';

const DAY = 20_000 * DAY_MS;

function samplesOf(looks: ReturnType<typeof steadyLooks>): Sample[] {
  const pending = createPending();
  for (const look of looks) pending.add(look);
  const batch = pending.oldest(looks.length);
  return looks.map((_, index) => {
    const sample = emptySample();
    batch.read(index, sample);
    return sample;
  });
}

describe('samples', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(anySamples(DAY, DAY_MS), (samples) => {
        const writer = createByteWriter();
        writeSamples(writer, samples, DAY);
        const reader = createByteReader(writer.take());
        expect(readSamples(reader, DAY)).toEqual(samples);
        expect(reader.left()).toBe(0);
      }),
    );
  });

  it.each([60_000, 300_000])('of an ordinary site every %i ms take 8 bytes or less, all included', (intervalMs) => {
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + 4 * HOUR_MS, intervalMs });
    const body = encodeBlock(DAY, partsOf(samplesOf(looks)));
    expect(body.length / looks.length).toBeLessThanOrEqual(8);
  });

  it('that are no samples are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          readSamples(createByteReader(bytes), DAY);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('a seal', () => {
  it('is broken by any change of any byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
        const sealed = seal(bytes);
        expect([...unseal(sealed)]).toEqual([...bytes]);
        sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ flip;
        expect(() => unseal(sealed)).toThrow(RangeError);
        expect(() => unseal(sealed.subarray(0, 3))).toThrow(RangeError);
      }),
    );
  });
});

const id = fc.oneof(fc.bigInt({ min: 1n, max: 99n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));

describe('a segment', () => {
  it('gives back each endpoint without the others, and all of them', () => {
    const endpoints = fc.uniqueArray(fc.record({ endpointId: id, siteId: id, samples: anySamples(DAY, HOUR_MS, 9) }), {
      selector: ({ endpointId }) => endpointId,
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(endpoints, (all) => {
        const filled = all
          .filter(({ samples }) => samples.length > 0)
          .map((entry) => ({ ...entry, endpointId: entry.endpointId as EndpointId, siteId: entry.siteId as SiteId }));
        const [segment, ...more] = encodeSegments(filled);
        if (segment === undefined) return void expect(filled).toEqual([]);
        expect(more).toEqual([]);
        const reader = openSegment(segment.body);
        for (const { endpointId, samples } of filled) expect(reader.samplesOf(endpointId)).toEqual(samples);
        const read = reader.endpointIds().map((_, index) => reader.at(index));
        expect(read).toEqual(filled.toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1)));
        expect(reader.samplesOf(12_345n as EndpointId)).toEqual([]);
        expect(segment.samples).toBe(filled.flatMap(({ samples }) => samples).length);
      }),
    );
  });

  it('stays under a mebibyte, however odd the samples are', () => {
    const samples = Array.from({ length: 25_000 }, (_, index) => ({
      atMs: DAY + index * 60_000 + (index % 2) * 59_000,
      httpCode: index % 2 === 0 ? 200 : 999,
      total: index % 2 === 0 ? 0 : 2 ** 31 - 1,
      dns: index % 3 === 0 ? 2 ** 31 - 1 : 0,
      tcp: index % 5 === 0 ? 2 ** 31 - 1 : 0,
      tls: index % 7 === 0 ? 2 ** 31 - 1 : 0,
      ttfb: index % 2 === 0 ? 2 ** 31 - 1 : -1,
    }));
    const segments = encodeSegments([{ ...endpointOf(1), samples }]);
    for (const { body } of segments) expect(body.length).toBeLessThan(1024 * 1024);
    const back = segments.flatMap(({ body }) => openSegment(body).samplesOf(endpointOf(1).endpointId));
    expect(back).toEqual(samples);
  });

  it('is that of a shard, over which ids spread evenly', () => {
    const counts = new Array<number>(SHARDS).fill(0);
    for (let number = 1; number <= 64_000; number++) {
      const shard = shardOf(BigInt(number) as EndpointId);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(900);
    expect(Math.max(...counts)).toBeLessThan(1_100);
  });
});

describe('a block', () => {
  it('comes back as it was, with samples and without', () => {
    fc.assert(
      fc.property(anySamples(DAY, DAY_MS), fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }), (samples, old) => {
        const parts = partsOf(samples).map(
          (part, index): Part =>
            old[index] === true && 'samples' in part
              ? { startMs: part.startMs, summary: summaryOf(part.samples) }
              : part,
        );
        expect(decodeBlock(DAY, encodeBlock(DAY, parts))).toEqual(parts);
      }),
    );
  });

  it('merged with itself, or in pieces that overlap, is the same block', () => {
    fc.assert(
      fc.property(anySamples(DAY, DAY_MS), fc.nat(80), fc.nat(80), (samples, from, to) => {
        const pieces = [samples.slice(from), samples.slice(0, to), samples].flatMap(partsOf);
        expect(mergeParts(pieces)).toEqual(partsOf(samples));
      }),
    );
  });

  it('without samples adds up to what the samples together amount to', () => {
    fc.assert(
      fc.property(anySamples(DAY, DAY_MS), (samples) => {
        const sum = emptySummary();
        for (const part of partsOf(samples)) if ('samples' in part) addSummary(sum, summaryOf(part.samples));
        const { runs: _, joinedMs: __, ...all } = summaryOf(samples);
        expect(sum).toMatchObject(all);
      }),
    );
  });
});
