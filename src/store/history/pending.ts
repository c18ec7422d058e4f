/**
 * Healthy samples that no database has yet: flat columns, so that taking one in costs a few stores and no allocation.
 * First in, first out; when the database is away for too long, the oldest go.
 */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Timings } from '../../domain/timings.ts';
import { emptySample, type Sample, tenthsOf } from './sample.ts';
import { shardOfHalves } from './segment.ts';

export type HealthyLook = {
  endpointId: EndpointId;
  siteId: SiteId;
  /** Start of the look, ms since the epoch. */
  atMs: number;
  httpCode: number | null;
  timings: Timings;
};

/** What is there, up to some moment. */
export type Batch = {
  readonly size: number;
  shard(index: number): number;
  endpointId(index: number): EndpointId;
  siteId(index: number): SiteId;
  /** Start of the look, ms since the epoch. */
  atMs(index: number): number;
  isOfSameEndpoint(one: number, other: number): boolean;
  /** By endpoint, then by time; samples of the same moment as they came. */
  compare(one: number, other: number): number;
  /** Writes a sample over one that is not wanted any more. */
  read(index: number, into: Sample): void;
};

export interface Pending {
  add(look: HealthyLook): void;
  size(): number;
  /** Samples that were given up, ever. */
  dropped(): number;
  /** The oldest samples, at most `max`. They stay until they are released. */
  oldest(max: number): Batch;
  /** Forgets a batch that is stored. */
  release(batch: Batch): void;
  samplesOf(endpointId: EndpointId, fromMs: number, toMs: number): Sample[];
}

const CHUNK_BITS = 14;
const PER_CHUNK = 2 ** CHUNK_BITS;
/** About 45 MB of samples. */
export const MAX_PENDING = 64 * PER_CHUNK;

type Chunk = ReturnType<typeof createChunk>;

function createChunk() {
  const ids = new BigInt64Array(PER_CHUNK);
  return {
    ids,
    /** The same as halves, to be read without making a bigint. */
    halves: new Int32Array(ids.buffer),
    sites: new BigInt64Array(PER_CHUNK),
    at: new Float64Array(PER_CHUNK),
    httpCode: new Uint16Array(PER_CHUNK),
    total: new Int32Array(PER_CHUNK),
    dns: new Int32Array(PER_CHUNK),
    tcp: new Int32Array(PER_CHUNK),
    tls: new Int32Array(PER_CHUNK),
    ttfb: new Int32Array(PER_CHUNK),
  };
}

export function createPending(maxSamples = MAX_PENDING): Pending {
  const maxChunks = Math.max(2, Math.ceil(maxSamples / PER_CHUNK));
  let chunks: Chunk[] = [];
  /** Numbers of samples since the start: of the first one of `chunks`, the oldest kept, and the next to come. */
  let base = 0;
  let first = 0;
  let next = 0;
  let dropped = 0;
  let spare: Chunk | null = null;
  const wanted = new BigInt64Array(1);
  const wantedHalves = new Int32Array(wanted.buffer);
  let filling = addChunk();

  function addChunk(): Chunk {
    if (chunks.length === maxChunks) {
      // Not kept as spare: a batch may still be reading it.
      chunks.shift();
      base += PER_CHUNK;
      if (first < base) {
        dropped += base - first;
        first = base;
      }
    }
    const chunk = spare ?? createChunk();
    spare = null;
    chunks.push(chunk);
    return chunk;
  }

  return {
    add({ endpointId, siteId, atMs, httpCode, timings }) {
      let at = next - base - (chunks.length - 1) * PER_CHUNK;
      if (at === PER_CHUNK) {
        filling = addChunk();
        at = 0;
      }
      const chunk = filling;
      chunk.ids[at] = endpointId;
      chunk.sites[at] = siteId;
      chunk.at[at] = Math.trunc(atMs);
      chunk.httpCode[at] = httpCode ?? 0;
      chunk.total[at] = tenthsOf(timings.total);
      chunk.dns[at] = tenthsOf(timings.dns);
      chunk.tcp[at] = tenthsOf(timings.tcp);
      chunk.tls[at] = tenthsOf(timings.tls);
      chunk.ttfb[at] = tenthsOf(timings.ttfb);
      next += 1;
    },
    size: () => next - first,
    dropped: () => dropped,
    oldest(max) {
      const from = first;
      const offset = first - base;
      const held = [...chunks];
      const chunkAt = (index: number) => held[(offset + index) >>> CHUNK_BITS] as Chunk;
      const within = (index: number) => (offset + index) & (PER_CHUNK - 1);
      const low = (index: number) => chunkAt(index).halves[within(index) * 2] ?? 0;
      const high = (index: number) => chunkAt(index).halves[within(index) * 2 + 1] ?? 0;
      const atMs = (index: number) => chunkAt(index).at[within(index)] ?? 0;
      const size = Math.min(max, next - from);
      const batch: Batch = {
        size,
        shard: (index) => shardOfHalves(low(index), high(index)),
        endpointId: (index) => (chunkAt(index).ids[within(index)] ?? 0n) as EndpointId,
        siteId: (index) => (chunkAt(index).sites[within(index)] ?? 0n) as SiteId,
        atMs,
        isOfSameEndpoint: (one, other) => low(one) === low(other) && high(one) === high(other),
        compare: (one, other) =>
          high(one) - high(other) || (low(one) >>> 0) - (low(other) >>> 0) || atMs(one) - atMs(other) || one - other,
        read: (index, into) => readAt(chunkAt(index), within(index), into),
      };
      ends.set(batch, from + size);
      return batch;
    },
    release(batch) {
      first = Math.max(first, ends.get(batch) ?? first);
      while (chunks.length > 1 && base + PER_CHUNK <= first) {
        spare = chunks.shift() ?? null;
        base += PER_CHUNK;
      }
      // All is stored: the one chunk can be filled anew.
      if (first === next) {
        base = next;
        chunks = [filling];
      }
    },
    samplesOf(endpointId, fromMs, toMs) {
      wanted[0] = endpointId;
      const [low = 0, high = 0] = wantedHalves;
      const found: Sample[] = [];
      for (let number = first; number < next; number++) {
        const chunk = chunks[Math.floor((number - base) / PER_CHUNK)] as Chunk;
        const at = (number - base) % PER_CHUNK;
        if (chunk.halves[2 * at] !== low || chunk.halves[2 * at + 1] !== high) continue;
        const atMs = chunk.at[at] ?? 0;
        if (atMs >= fromMs && atMs < toMs) found.push(sampleAt(chunk, at));
      }
      return found;
    },
  };
}

/** Where each batch ends. */
const ends = new WeakMap<Batch, number>();

function sampleAt(chunk: Chunk, at: number): Sample {
  const sample = emptySample();
  readAt(chunk, at, sample);
  return sample;
}

function readAt(chunk: Chunk, at: number, into: Sample): void {
  into.atMs = chunk.at[at] ?? 0;
  into.httpCode = chunk.httpCode[at] ?? 0;
  into.total = chunk.total[at] ?? 0;
  into.dns = chunk.dns[at] ?? 0;
  into.tcp = chunk.tcp[at] ?? 0;
  into.tls = chunk.tls[at] ?? 0;
  into.ttfb = chunk.ttfb[at] ?? 0;
}
