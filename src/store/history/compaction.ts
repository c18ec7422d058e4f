/**
 * Turns the segments of an hour that is over into blocks, one endpoint a row. May be cut short anywhere and run again,
 * also by several processes at once: a sample is the same sample wherever it lies, so that merging is never doubling.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { Tx } from '../schema.ts';
import { partsOf } from './block.ts';
import { type Block, mergeBlocks } from './blocks.ts';
import { ALL_SHARDS, insertSegments, rowsOf, type SegmentRow } from './journal.ts';
import {
  createRewriter,
  createTurns,
  type HistoryParts,
  type Rewriter,
  readOrCount,
  SEGMENT_STATE,
  SPAN,
} from './parts.ts';
import { DAY_MS, dayOf, HOUR_MS, hourOf, type Sample, type SamplesOfEndpoint, unionOf } from './sample.ts';
import { openSegment, SHARDS, shardOf } from './segment.ts';

/** How long after its end an hour is open for samples that come late. */
const GRACE_MS = 5 * 60_000;
/**
 * With fewer samples an endpoint waits in the journal, until its day ends: over its life a block costs about three row
 * writes, which are to be few against the checks in it.
 */
export const MIN_SAMPLES = 48;
const SAMPLES_PER_PASS = 65_536;
const BLOCKS_PER_TRANSACTION = 100;
const SEGMENTS_PER_READ = 16;

type SegmentFacts = { id: bigint; shard: number; samples: number; state: number };
type Work = { dayMs: number; hourMs: number; isDayOver: boolean };

/** Goes on until no hour is left that is over. Says how many blocks were written. */
export async function compact(parts: HistoryParts, nowMs: number): Promise<number> {
  const write = createRewriter(parts);
  const closedBefore = hourOf(nowMs - GRACE_MS);
  let blocks = 0;
  while (!parts.isStopping()) {
    const work = await nextWork(parts, closedBefore);
    if (work === null) break;
    const written = await compactHour(parts, write, work);
    if (written === null) break;
    blocks += written;
  }
  return blocks;
}

/** The oldest hour with new samples, or the oldest day that is over and has samples waiting. */
async function nextWork(parts: HistoryParts, closedBefore: number): Promise<Work | null> {
  const fresh = await oldestHour(parts, SEGMENT_STATE.fresh, 0, closedBefore);
  const waiting = await oldestHour(parts, SEGMENT_STATE.waiting, 0, dayOf(closedBefore));
  if (fresh === null && waiting === null) return null;
  const hourMs = Math.min(fresh ?? Number.POSITIVE_INFINITY, waiting ?? Number.POSITIVE_INFINITY);
  const dayMs = dayOf(hourMs);
  const endMs = dayMs + DAY_MS;
  const dayFresh = fresh !== null && fresh < endMs ? fresh : null;
  const more = dayFresh === null ? null : await oldestHour(parts, SEGMENT_STATE.fresh, dayFresh + HOUR_MS, endMs);
  return { dayMs, hourMs: dayFresh ?? hourMs, isDayOver: closedBefore >= endMs && more === null };
}

async function oldestHour(parts: HistoryParts, state: number, fromMs: number, toMs: number): Promise<number | null> {
  const row = await parts.db.kysely
    .selectFrom('jetmon_history_journal')
    .select('hour_ms')
    .where('state', '=', BigInt(state))
    .where('hour_ms', '>=', BigInt(fromMs))
    .where('hour_ms', '<', BigInt(toMs))
    .orderBy('hour_ms')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : Number(row.hour_ms);
}

/** Null when another process was quicker. */
async function compactHour(parts: HistoryParts, write: Rewriter, work: Work): Promise<number | null> {
  const segments = await segmentsOf(parts, work);
  const passes = passesFor(segments);
  // A segment of all shards is used up by all passes together.
  const isAllOrNothing = work.isDayOver || segments.some(({ shard }) => shard === ALL_SHARDS);
  let blocks = 0;
  for (let pass = 0; pass < passes; pass++) {
    const mine = segments.filter(({ shard }) => shard === ALL_SHARDS || shard % passes === pass);
    const hasNews = isAllOrNothing || mine.some(({ state }) => state === SEGMENT_STATE.fresh);
    if (!hasNews || mine.length === 0) continue;
    const written = await compactPass(parts, write, work, { mine, pass, passes });
    if (written === null || parts.isStopping()) return null;
    blocks += written;
  }
  return blocks;
}

/** Those of the hour, and those of its day that wait. */
async function segmentsOf(parts: HistoryParts, { dayMs, hourMs }: Work): Promise<SegmentFacts[]> {
  const rows = await parts.db.kysely
    .selectFrom('jetmon_history_journal')
    .select(['id', 'shard', 'samples', 'state'])
    .where((eb) =>
      eb.or([
        eb.and([eb('state', '=', BigInt(SEGMENT_STATE.fresh)), eb('hour_ms', '=', BigInt(hourMs))]),
        eb.and([
          eb('state', '=', BigInt(SEGMENT_STATE.waiting)),
          eb('hour_ms', '>=', BigInt(dayMs)),
          eb('hour_ms', '<', BigInt(dayMs + DAY_MS)),
        ]),
      ]),
    )
    .execute();
  return rows.map((row) => ({
    id: row.id,
    shard: Number(row.shard),
    samples: Number(row.samples),
    state: Number(row.state),
  }));
}

/** A power of two, so that what is of one shard is of one pass. */
function passesFor(segments: readonly SegmentFacts[]): number {
  if (segments.some(({ shard }) => shard !== ALL_SHARDS)) return SHARDS;
  const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
  let passes = 1;
  while (passes < SHARDS && samples / passes > SAMPLES_PER_PASS) passes *= 2;
  return passes;
}

type Pass = { mine: readonly SegmentFacts[]; pass: number; passes: number };

async function compactPass(parts: HistoryParts, write: Rewriter, work: Work, part: Pass): Promise<number | null> {
  const { endpoints, damaged } = await readPass(parts, part);
  const blocks: Block[] = [];
  const waiting: SamplesOfEndpoint[] = [];
  for (const endpoint of endpoints) {
    if (endpoint.samples.length < MIN_SAMPLES && !work.isDayOver) waiting.push(endpoint);
    else blocks.push(youngBlockOf(endpoint));
  }
  const lastFrom = Math.max(0, Math.floor((blocks.length - 1) / BLOCKS_PER_TRANSACTION) * BLOCKS_PER_TRANSACTION);
  for (let from = 0; from < lastFrom; from += BLOCKS_PER_TRANSACTION) {
    const some = blocks.slice(from, from + BLOCKS_PER_TRANSACTION);
    await write((tx) => mergeBlocks(tx, parts.db, parts.trouble, some));
    if (parts.isStopping()) return null;
  }
  const isLastPass = part.pass === part.passes - 1;
  const used = part.mine.filter(({ shard }) => shard !== ALL_SHARDS || isLastPass).map(({ id }) => id);
  const rows = waitingRows(parts, part, waiting);
  const won = await write(async (tx) => {
    if (!(await areThere(tx, part.mine))) return false;
    await mergeBlocks(tx, parts.db, parts.trouble, blocks.slice(lastFrom));
    await insertSegments(tx, rows);
    await park(
      tx,
      used.filter((id) => damaged.has(id)),
    );
    await remove(
      tx,
      used.filter((id) => !damaged.has(id)),
    );
    return true;
  });
  return won ? blocks.length : null;
}

function youngBlockOf({ endpointId, siteId, samples }: SamplesOfEndpoint): Block {
  const parts = partsOf(samples);
  return { endpointId, siteId, span: SPAN.hours, startMs: parts[0]?.startMs ?? 0, parts };
}

/** Where the passes are not the shards, a segment that waits is one of all shards. */
function waitingRows(
  parts: HistoryParts,
  { pass, passes }: Pass,
  endpoints: readonly SamplesOfEndpoint[],
): SegmentRow[] {
  const shard = passes === SHARDS ? pass : ALL_SHARDS;
  const kind = { hourMs: 0, shard, state: SEGMENT_STATE.waiting, writer: parts.writer };
  return rowsOf(endpoints, kind).map((row) => ({ ...row, hour_ms: hourOf(Number(row.from_ms)) }));
}

/** The samples of the pass by endpoint, and the segments that could not be read. */
async function readPass(parts: HistoryParts, { mine, pass, passes }: Pass) {
  const inTurn = createTurns(parts);
  const damaged = new Set<bigint>();
  const found = new Map<EndpointId, { siteId: SamplesOfEndpoint['siteId']; lists: Sample[][] }>();
  for (let from = 0; from < mine.length; from += SEGMENTS_PER_READ) {
    const ids = mine.slice(from, from + SEGMENTS_PER_READ).map(({ id }) => id);
    const rows = await parts.db.kysely
      .selectFrom('jetmon_history_journal')
      .select(['id', 'body'])
      .where('id', 'in', ids)
      .execute();
    for (const { id, body } of rows) {
      const endpoints = readOrCount(
        parts.trouble,
        () => `segment ${id}`,
        () => readSegment(body, pass, passes),
      );
      if (endpoints === null) damaged.add(id);
      for (const { endpointId, siteId, samples } of endpoints ?? []) {
        const known = found.get(endpointId);
        if (known === undefined) found.set(endpointId, { siteId, lists: [samples] });
        else known.lists.push(samples);
      }
      await inTurn();
    }
  }
  const endpoints: SamplesOfEndpoint[] = [];
  for (const [endpointId, { siteId, lists }] of found) {
    endpoints.push({ endpointId, siteId, samples: unionOf(lists) });
    await inTurn();
  }
  return { endpoints, damaged };
}

function readSegment(body: Uint8Array, pass: number, passes: number): SamplesOfEndpoint[] {
  const segment = openSegment(body);
  return segment
    .endpointIds()
    .flatMap((endpointId, index) => (shardOf(endpointId) % passes === pass ? [segment.at(index)] : []));
}

/** False when another process has taken one of them: then it has written what was in it. */
async function areThere(tx: Tx, segments: readonly SegmentFacts[]): Promise<boolean> {
  let there = 0;
  for (const ids of inLists(segments.map(({ id }) => id))) {
    const rows = await tx.selectFrom('jetmon_history_journal').select('id').where('id', 'in', ids).execute();
    there += rows.length;
  }
  return there === segments.length;
}

async function remove(tx: Tx, ids: readonly bigint[]): Promise<void> {
  for (const some of inLists(ids)) await tx.deleteFrom('jetmon_history_journal').where('id', 'in', some).execute();
}

async function park(tx: Tx, ids: readonly bigint[]): Promise<void> {
  for (const some of inLists(ids)) {
    const update = tx.updateTable('jetmon_history_journal').set({ state: SEGMENT_STATE.parked });
    await update.where('id', 'in', some).execute();
  }
}

const IDS_PER_STATEMENT = 200;

function inLists(ids: readonly bigint[]): bigint[][] {
  const lists: bigint[][] = [];
  for (let from = 0; from < ids.length; from += IDS_PER_STATEMENT)
    lists.push(ids.slice(from, from + IDS_PER_STATEMENT));
  return lists;
}
