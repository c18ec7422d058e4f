/** Writes what is pending as segments, many endpoints to a row, and finds the samples of one endpoint in them again. */
import type { Insertable } from 'kysely';
import type { EndpointId } from '../../domain/ids.ts';
import type { Executor, Tx } from '../schema.ts';
import type { HistoryJournalTable } from '../schema-history.ts';
import { createTurns, type HistoryParts, readOrCount, SEGMENT_STATE } from './parts.ts';
import type { Batch, Pending } from './pending.ts';
import { hourOf, type Sample, type SamplesOfEndpoint, unionOf } from './sample.ts';
import { encodeSegments, openSegment, SHARDS, shardOf } from './segment.ts';

export const ALL_SHARDS = -1;
/** From here on a flush is split by shards, so that upkeep and readers need not go through all of it. */
const SPLIT_FROM = 4_096;
/** A transaction takes at most so many; what is left follows in the next. */
const MAX_PER_TRANSACTION = 32_768;

export type SegmentRow = Insertable<HistoryJournalTable>;

/** Writes all that was pending at the call. Says how many samples; what could not be written stays pending. */
export async function flushPending(parts: HistoryParts, pending: Pending): Promise<number> {
  let left = pending.size();
  let written = 0;
  while (left > 0) {
    const batch = pending.oldest(Math.min(left, MAX_PER_TRANSACTION));
    if (batch.size === 0) break;
    const rows = await segmentRows(parts, batch);
    await parts.db.transaction((tx) => insertSegments(tx, rows));
    pending.release(batch);
    left -= batch.size;
    written += batch.size;
  }
  return written;
}

/** A statement each: a body may be as long as some servers take in one. */
export async function insertSegments(tx: Tx, rows: readonly SegmentRow[]): Promise<void> {
  for (const row of rows) await tx.insertInto('jetmon_history_journal').values(row).execute();
}

async function segmentRows(parts: HistoryParts, batch: Batch): Promise<SegmentRow[]> {
  const inTurn = createTurns(parts);
  const rows: SegmentRow[] = [];
  for (const [shard, indexes] of byShard(batch)) {
    for (const [hourMs, endpoints] of byHour(grouped(batch, indexes)))
      rows.push(...rowsOf(endpoints, { hourMs, shard, state: SEGMENT_STATE.fresh, writer: parts.writer }));
    await inTurn();
  }
  return rows;
}

export function rowsOf(
  endpoints: readonly SamplesOfEndpoint[],
  kind: { hourMs: number; shard: number; state: number; writer: string },
): SegmentRow[] {
  return encodeSegments(endpoints).map(({ body, fromMs, toMs, samples }) => ({
    hour_ms: kind.hourMs,
    state: kind.state,
    shard: kind.shard,
    from_ms: fromMs,
    to_ms: toMs,
    samples,
    writer: kind.writer.slice(0, 64),
    body,
  }));
}

/** Places in the batch by shard; one list of all when they are few. */
function byShard(batch: Batch): Map<number, number[]> {
  if (batch.size < SPLIT_FROM) return new Map([[ALL_SHARDS, Array.from({ length: batch.size }, (_, index) => index)]]);
  const shards = new Map<number, number[]>();
  for (let shard = 0; shard < SHARDS; shard++) shards.set(shard, []);
  for (let index = 0; index < batch.size; index++) shards.get(batch.shard(index))?.push(index);
  return shards;
}

function grouped(batch: Batch, indexes: readonly number[]): SamplesOfEndpoint[] {
  const endpoints = new Map<EndpointId, SamplesOfEndpoint>();
  for (const index of indexes) {
    const endpointId = batch.endpointId(index);
    const known = endpoints.get(endpointId);
    if (known !== undefined) known.samples.push(batch.sample(index));
    else endpoints.set(endpointId, { endpointId, siteId: batch.siteId(index), samples: [batch.sample(index)] });
  }
  return [...endpoints.values()];
}

function byHour(endpoints: readonly SamplesOfEndpoint[]): Map<number, SamplesOfEndpoint[]> {
  const hours = new Map<number, SamplesOfEndpoint[]>();
  for (const endpoint of endpoints) {
    const ordered = unionOf([endpoint.samples]);
    for (const [hourMs, samples] of hoursOf(ordered)) {
      const known = hours.get(hourMs);
      if (known === undefined) hours.set(hourMs, [{ ...endpoint, samples }]);
      else known.push({ ...endpoint, samples });
    }
  }
  return hours;
}

/** Nearly always one. */
function hoursOf(samples: Sample[]): Iterable<[hourMs: number, Sample[]]> {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  if (hourOf(first.atMs) === hourOf(last.atMs)) return [[hourOf(first.atMs), samples]];
  return Map.groupBy(samples, ({ atMs }) => hourOf(atMs));
}

/** Samples of one endpoint in the journal, perhaps more than once where a write was repeated. */
export async function readJournal(
  parts: HistoryParts,
  db: Executor,
  endpointId: EndpointId,
  window: { fromMs: number; toMs: number },
): Promise<Sample[]> {
  const rows = await db
    .selectFrom('jetmon_history_journal')
    .select(['id', 'body'])
    .where('shard', 'in', [BigInt(ALL_SHARDS), BigInt(shardOf(endpointId))])
    .where('to_ms', '>=', BigInt(Math.trunc(window.fromMs)))
    .where('from_ms', '<', BigInt(Math.ceil(window.toMs)))
    .where('state', '<>', BigInt(SEGMENT_STATE.parked))
    .execute();
  return rows.flatMap(({ id, body }) => {
    const found = readOrCount(parts.trouble, `segment ${id}`, () => openSegment(body).samplesOf(endpointId));
    return (found ?? []).filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
  });
}
