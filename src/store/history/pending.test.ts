import { describe, expect, it } from 'vitest';
import { endpointOf, lookAt } from '../../../test/kit/history.ts';
import { type Batch, createPending } from './pending.ts';
import { emptySample, type Sample } from './sample.ts';
import { shardOf } from './segment.ts';

function sampleIn(batch: Batch, index: number): Sample {
  const sample = emptySample();
  batch.read(index, sample);
  return sample;
}

const CHUNK = 16_384;

describe('samples in memory', () => {
  it('come out as they went in, also ids of 64 bits, in tenths of a millisecond', () => {
    const pending = createPending();
    const id = 2n ** 63n - 1n;
    pending.add({ ...lookAt(id, 1_234.9, { total: 12.34, dns: 0, ttfb: 7.06 }), httpCode: null });
    const batch = pending.oldest(10);
    expect(batch.size).toBe(1);
    expect(batch.endpointId(0)).toBe(id);
    expect(batch.siteId(0)).toBe(BigInt.asIntN(64, id * 10n));
    expect(batch.shard(0)).toBe(shardOf(endpointOf(id).endpointId));
    const sample = { atMs: 1_234, httpCode: 0, total: 123, dns: 0, tcp: -1, tls: -1, ttfb: 71 };
    expect(sampleIn(batch, 0)).toEqual(sample);
    expect(pending.samplesOf(endpointOf(id).endpointId, 1_234, 1_235)).toEqual([sample]);
    expect(pending.samplesOf(endpointOf(id).endpointId, 1_235, 2_000)).toEqual([]);
  });

  it('stay until they are released, and those that come meanwhile stay too', () => {
    const pending = createPending();
    for (let turn = 0; turn < 5; turn++) {
      for (let number = 0; number < CHUNK / 2 + 100; number++) pending.add(lookAt(1, turn * 100_000 + number));
      const batch = pending.oldest(CHUNK);
      pending.add(lookAt(2, turn));
      expect(batch.atMs(batch.size - 1)).toBe(turn * 100_000 + CHUNK / 2 + 99);
      pending.release(batch);
      expect(pending.size()).toBe(1);
      const [left] = pending.samplesOf(endpointOf(2).endpointId, 0, 1_000);
      expect(left?.atMs).toBe(turn);
      pending.release(pending.oldest(1));
    }
    expect(pending.size()).toBe(0);
    expect(pending.dropped()).toBe(0);
  });

  it('are bounded: the oldest go, are counted, and a batch that is being written is none the worse', () => {
    const pending = createPending(2 * CHUNK);
    for (let number = 0; number < 2 * CHUNK; number++) pending.add(lookAt(1, number));
    const batch = pending.oldest(10);
    for (let number = 0; number < 100; number++) pending.add(lookAt(1, 2 * CHUNK + number));
    expect(pending.dropped()).toBe(CHUNK);
    expect(pending.size()).toBe(CHUNK + 100);
    expect(batch.atMs(9)).toBe(9);
    pending.release(batch);
    expect(pending.size()).toBe(CHUNK + 100);
    expect(pending.oldest(1).atMs(0)).toBe(CHUNK);
  });
});
