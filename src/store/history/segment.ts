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
const MAX_SAMPLES_AT_ONCE = 10_000;

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

/** As few segments as their greatest length allows. */
export function encodeSegments(endpoints: readonly SamplesOfEndpoint[]): Segment[] {
  const segments: Segment[] = [];
  let open: SamplesOfEndpoint[] = [];
  let bytes = 0;
  for (const endpoint of endpoints.flatMap(inPieces)) {
    open.push(endpoint);
    // Never less than it will be, however odd the samples.
    bytes += ENTRY_BYTES + 16 + endpoint.samples.length * 44;
    if (bytes < MAX_BYTES) continue;
    segments.push(encode(open));
    open = [];
    bytes = 0;
  }
  if (open.length > 0) segments.push(encode(open));
  return segments;
}

function inPieces(endpoint: SamplesOfEndpoint): SamplesOfEndpoint[] {
  const { samples } = endpoint;
  if (samples.length <= MAX_SAMPLES_AT_ONCE) return [endpoint];
  const pieces: SamplesOfEndpoint[] = [];
  for (let from = 0; from < samples.length; from += MAX_SAMPLES_AT_ONCE)
    pieces.push({ ...endpoint, samples: samples.slice(from, from + MAX_SAMPLES_AT_ONCE) });
  return pieces;
}

function encode(endpoints: readonly SamplesOfEndpoint[]): Segment {
  const sorted = endpoints.toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const { samples } of sorted) {
    fromMs = Math.min(fromMs, samples[0]?.atMs ?? fromMs);
    toMs = Math.max(toMs, samples.at(-1)?.atMs ?? toMs);
    count += samples.length;
  }
  const head = Buffer.alloc(HEAD_BYTES + sorted.length * ENTRY_BYTES);
  head.writeUInt32LE(sorted.length, 0);
  head.writeDoubleLE(fromMs, 4);
  const writer = createByteWriter(count * 24 + 64);
  const site = Buffer.alloc(8);
  for (const [index, { endpointId, siteId, samples }] of sorted.entries()) {
    head.writeBigInt64LE(endpointId, HEAD_BYTES + index * ENTRY_BYTES);
    head.writeUInt32LE(writer.length(), HEAD_BYTES + index * ENTRY_BYTES + 8);
    site.writeBigInt64LE(siteId);
    writer.bytes(site);
    writeSamples(writer, samples, fromMs);
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
