/** Writes what is pending as segments, many endpoints to a row, and finds the samples of one endpoint in them again. */
import type { Insertable } from 'kysely';
import type { EndpointId } from '../../domain/ids.ts';
import type { Executor, Tx } from '../schema.ts';
import type { HistoryJournalTable } from '../schema-history.ts';
import { createTurns, type HistoryParts, readOrCount, SEGMENT_STATE } from './parts.ts';
import type { Batch, Pending } from './pending.ts';
import { emptySample, hourOf, type Sample, type SamplesOfEndpoint } from './sample.ts';
import {
  encodeRuns,
  encodeSegments,
  MAX_RUN,
  openSegment,
  type Runs,
  type Segment,
  SHARDS,
  shardOf,
} from './segment.ts';

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
  for (const { shard, places } of byShard(batch)) {
    for (const [hourMs, ofHour] of byHour(batch, places)) {
      const kind = { hourMs, shard, state: SEGMENT_STATE.fresh, writer: parts.writer };
      rows.push(...rowsIn(encodeRuns(runsIn(batch, ofHour)), kind));
    }
    await inTurn();
  }
  return rows;
}

type Kind = { hourMs: number; shard: number; state: number; writer: string };

export function rowsOf(endpoints: readonly SamplesOfEndpoint[], kind: Kind): SegmentRow[] {
  return rowsIn(encodeSegments(endpoints), kind);
}

function rowsIn(segments: readonly Segment[], kind: Kind): SegmentRow[] {
  return segments.map(({ body, fromMs, toMs, samples }) => ({
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

/** Places in the batch by shard, in the order of `Batch.compare`; one list of all when they are few. */
function* byShard(batch: Batch): Iterable<{ shard: number; places: Int32Array }> {
  const { size } = batch;
  if (size < SPLIT_FROM) {
    const all = Int32Array.from({ length: size }, (_, place) => place);
    yield { shard: ALL_SHARDS, places: all.sort(batch.compare) };
    return;
  }
  const shards = new Uint8Array(size);
  const counts = new Int32Array(SHARDS);
  for (let place = 0; place < size; place++) {
    const shard = batch.shard(place);
    shards[place] = shard;
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  const lists = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let place = 0; place < size; place++) {
    const shard = shards[place] ?? 0;
    const list = lists[shard];
    const at = counts[shard] ?? 0;
    if (list !== undefined) list[at] = place;
    counts[shard] = at + 1;
  }
  for (const [shard, list] of lists.entries()) if (list.length > 0) yield { shard, places: list.sort(batch.compare) };
}

/** Nearly always one hour. */
function byHour(batch: Batch, places: Int32Array): Iterable<[hourMs: number, Int32Array]> {
  const hours = new Set<number>();
  for (const place of places) hours.add(hourOf(batch.atMs(place)));
  if (hours.size === 1) return [...hours].map((hourMs) => [hourMs, places]);
  return [...hours].map((hourMs) => [hourMs, places.filter((place) => hourOf(batch.atMs(place)) === hourMs)]);
}

/** Each endpoint's samples as a run, each instant once. `places` are in order. */
function runsIn(batch: Batch, places: Int32Array): Runs {
  const { compare: _, ...at } = batch;
  const kept = new Int32Array(places.length);
  const starts: number[] = [];
  let size = 0;
  let before = -1;
  for (const place of places) {
    const goesOn = before !== -1 && at.isOfSameEndpoint(before, place);
    if (goesOn && at.atMs(before) === at.atMs(place)) continue;
    if (!goesOn || size - (starts.at(-1) ?? 0) === MAX_RUN) starts.push(size);
    kept[size] = place;
    size += 1;
    before = place;
  }
  const count = starts.length;
  starts.push(size);
  const firstOf = (run: number) => kept[starts[run] ?? 0] ?? 0;
  const sizeOf = (run: number) => (starts[run + 1] ?? 0) - (starts[run] ?? 0);
  const lent: Sample[] = [];
  return {
    count,
    endpointId: (run) => at.endpointId(firstOf(run)),
    siteId: (run) => at.siteId(firstOf(run)),
    size: sizeOf,
    firstMs: (run) => at.atMs(firstOf(run)),
    lastMs: (run) => at.atMs(kept[(starts[run + 1] ?? 0) - 1] ?? 0),
    samples(run) {
      const wanted = sizeOf(run);
      while (lent.length < wanted) lent.push(emptySample());
      lent.length = wanted;
      for (let nth = 0; nth < wanted; nth++) {
        const sample = lent[nth];
        if (sample !== undefined) at.read(kept[(starts[run] ?? 0) + nth] ?? 0, sample);
      }
      return lent;
    },
  };
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
    const found = readOrCount(
      parts.trouble,
      () => `segment ${id}`,
      () => openSegment(body).samplesOf(endpointId),
    );
    return (found ?? []).filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
  });
}
