/**
 * A segment of the journal: samples of many endpoints as they came in, with a table in front in which one endpoint is
 * found without reading the others.
 */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { createByteReader, createByteWriter } from '../../lib/bytes.ts';
import type { Sample, SamplesOfEndpoint } from './sample.ts';
import { readSamples, writeSamples } from './sample-codec.ts';
import { seal, unseal } from './sealed.ts';

/** A segment is closed when it is longer than this; one endpoint's share is at most half of it. */
const MAX_BYTES = 512 * 1024;

const HEAD_BYTES = 12;
const ENTRY_BYTES = 12;
const SHARD_BITS = 6;
export const SHARDS = 2 ** SHARD_BITS;

export type Segment = { body: Buffer; fromMs: number; toMs: number; samples: number };

const word = new BigInt64Array(1);
const halves = new Int32Array(word.buffer);

/** 0 to 63, evenly: ids in a row go to different shards. */
export function shardOf(endpointId: EndpointId): number {
  word[0] = endpointId;
  return shardOfHalves(halves[0] ?? 0, halves[1] ?? 0);
}

/** The same of the two halves of an id, which takes no bigint. */
export function shardOfHalves(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> (32 - SHARD_BITS);
}

/**
 * Samples by endpoint: runs in the order of the ids, each in the order of time and no longer than `MAX_RUN`. Read by number,
 * so that a flush of a large fleet leaves no garbage behind.
 */
export interface Runs {
  readonly count: number;
  endpointId(run: number): EndpointId;
  siteId(run: number): SiteId;
  size(run: number): number;
  firstMs(run: number): number;
  lastMs(run: number): number;
  /** Good until the next call. */
  samples(run: number): readonly Sample[];
}

export const MAX_RUN = 10_000;

/** As few segments as their greatest length allows. */
export function encodeRuns(runs: Runs): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  let bytes = 0;
  for (let run = 0; run < runs.count; run++) {
    // Never less than it will be, however odd the samples.
    bytes += ENTRY_BYTES + 16 + runs.size(run) * 44;
    if (bytes < MAX_BYTES) continue;
    segments.push(encode(runs, from, run + 1));
    from = run + 1;
    bytes = 0;
  }
  if (from < runs.count) segments.push(encode(runs, from, runs.count));
  return segments;
}

export function encodeSegments(endpoints: readonly SamplesOfEndpoint[]): Segment[] {
  const pieces = endpoints.flatMap(inPieces).sort((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
  const at = (run: number) => pieces[run] as SamplesOfEndpoint;
  return encodeRuns({
    count: pieces.length,
    endpointId: (run) => at(run).endpointId,
    siteId: (run) => at(run).siteId,
    size: (run) => at(run).samples.length,
    firstMs: (run) => at(run).samples[0]?.atMs ?? Number.NaN,
    lastMs: (run) => at(run).samples.at(-1)?.atMs ?? Number.NaN,
    samples: (run) => at(run).samples,
  });
}

function inPieces(endpoint: SamplesOfEndpoint): SamplesOfEndpoint[] {
  const { samples } = endpoint;
  if (samples.length === 0) return [];
  if (samples.length <= MAX_RUN) return [endpoint];
  const pieces: SamplesOfEndpoint[] = [];
  for (let from = 0; from < samples.length; from += MAX_RUN)
    pieces.push({ ...endpoint, samples: samples.slice(from, from + MAX_RUN) });
  return pieces;
}

function encode(runs: Runs, from: number, to: number): Segment {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (let run = from; run < to; run++) {
    fromMs = Math.min(fromMs, runs.firstMs(run));
    toMs = Math.max(toMs, runs.lastMs(run));
    count += runs.size(run);
  }
  const head = Buffer.alloc(HEAD_BYTES + (to - from) * ENTRY_BYTES);
  head.writeUInt32LE(to - from, 0);
  head.writeDoubleLE(fromMs, 4);
  const writer = createByteWriter(count * 24 + 64);
  const site = Buffer.alloc(8);
  for (let run = from, at = HEAD_BYTES; run < to; run++, at += ENTRY_BYTES) {
    head.writeBigInt64LE(runs.endpointId(run), at);
    head.writeUInt32LE(writer.length(), at + 8);
    site.writeBigInt64LE(runs.siteId(run));
    writer.bytes(site);
    writeSamples(writer, runs.samples(run), fromMs);
  }
  return { body: seal(Buffer.concat([head, writer.take()])), fromMs, toMs, samples: count };
}

export interface SegmentReader {
  endpointIds(): EndpointId[];
  /** The samples of one endpoint, or none. */
  samplesOf(endpointId: EndpointId): Sample[];
  at(index: number): SamplesOfEndpoint;
}

/** Throws RangeError, also later, for what is no segment. */
export function openSegment(sealed: Uint8Array): SegmentReader {
  const payload = unseal(sealed);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const count = bytes.readUInt32LE(0);
  const baseMs = bytes.readDoubleLE(4);
  const bodyAt = HEAD_BYTES + count * ENTRY_BYTES;
  if (bodyAt > bytes.length) throw new RangeError('a table longer than its segment');

  const idAt = (index: number) => bytes.readBigInt64LE(HEAD_BYTES + index * ENTRY_BYTES) as EndpointId;

  function at(index: number): SamplesOfEndpoint {
    const offset = bodyAt + bytes.readUInt32LE(HEAD_BYTES + index * ENTRY_BYTES + 8);
    const siteId = bytes.readBigInt64LE(offset) as SiteId;
    const samples = readSamples(createByteReader(bytes.subarray(offset + 8)), baseMs);
    return { endpointId: idAt(index), siteId, samples };
  }

  /** The first entry whose id is not below this one. */
  function firstAt(endpointId: EndpointId): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (idAt(middle) < endpointId) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    endpointIds: () => Array.from({ length: count }, (_, index) => idAt(index)),
    samplesOf(endpointId) {
      const samples: Sample[] = [];
      for (let index = firstAt(endpointId); index < count && idAt(index) === endpointId; index++)
        samples.push(...at(index).samples);
      return samples;
    },
    at,
  };
}
