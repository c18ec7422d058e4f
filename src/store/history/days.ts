/**
 * Goes through the history of one endpoint a UTC day at a time, wherever it lies: memory, journal or blocks. No sample and
 * no block is of two days, so what is found twice is found on one day; and between two days others get their turn.
 */
import { setImmediate } from 'node:timers/promises';
import type { EndpointId } from '../../domain/ids.ts';
import { bytesAt, type PackedKinds } from '../dialect/packed.ts';
import { preparedWords } from '../prepared.ts';
import type { Executor, Tx } from '../schema.ts';
import { decodeBlock } from './block.ts';
import { readJournal } from './journal.ts';
import { type HistoryParts, readOrCount, SPAN } from './parts.ts';
import type { Pending } from './pending.ts';
import { DAY_MS, dayOf, type Sample, unionOf } from './sample.ts';

/** From its start up to, and without, its end; ms since the epoch. */
export type Window = { fromMs: number; toMs: number };

/** A block as it is stored. */
export type PackedBlock = { startMs: number; span: number; body: Uint8Array };

/** What there is of a day, in the window or not. */
export type StoredDay = {
  dayMs: number;
  /** In the order of their start. */
  blocks: readonly PackedBlock[];
  /** From memory and journal, in the order of time. */
  loose: readonly Sample[];
};

export type Walk = {
  endpointId: EndpointId;
  window: Window;
  /** The newest day first. */
  isBackwards?: boolean;
  /** Days of which the samples are not kept any more are left out. */
  samplesOnly?: boolean;
  /** False: far enough. */
  visit(day: StoredDay): boolean | undefined;
};

const ROWS_PER_READ = 480;
/** Backwards, few may be enough. A day has at most a block an hour, and two of sums. */
const ROWS_PER_FIRST_READ = 48;
/** Longest stretch of computing before others get their turn. */
const TURN_MS = 4;

/** Memory first: what is flushed meanwhile is then found twice and not missed. `besides` reads in the same snapshot. */
export async function walkDays<T>(
  parts: HistoryParts,
  pending: Pending,
  walk: Walk,
  besides: (tx: Tx) => Promise<T>,
): Promise<T> {
  const { endpointId, window } = walk;
  const inMemory = pending.samplesOf(endpointId, window.fromMs, window.toMs);
  return parts.db.snapshot(async (tx) => {
    const [loose, page] = await Promise.all([
      readJournal(parts, tx, endpointId, window),
      pageOf(parts, tx, walk, firstPage(walk)),
    ]);
    // The database looks for this while we make something of that.
    const beside = besides(tx);
    beside.catch(() => {});
    const byDay = Map.groupBy(unionOf([inMemory, loose]), ({ atMs }) => dayOf(atMs));
    await visitDays(parts, tx, walk, { loose: byDay, page });
    return await beside;
  });
}

type Read = { loose: Map<number, Sample[]>; page: PackedBlock[] };

async function visitDays(parts: HistoryParts, tx: Tx, walk: Walk, { loose, page }: Read): Promise<void> {
  const isBackwards = walk.isBackwards === true;
  const looseDays = [...loose.keys()].sort((a, b) => (isBackwards ? b - a : a - b));
  const isBefore = (one: number, other: number) => (isBackwards ? one > other : one < other);
  let sinceMs = parts.clock.monotonicMs();

  async function visit(dayMs: number, blocks: readonly PackedBlock[]): Promise<boolean> {
    if (walk.visit({ dayMs, blocks, loose: loose.get(dayMs) ?? [] }) === false) return false;
    if (parts.clock.monotonicMs() - sinceMs < TURN_MS) return true;
    await setImmediate();
    sinceMs = parts.clock.monotonicMs();
    return true;
  }

  for await (const [dayMs, blocks] of storedDays(parts, tx, walk, page)) {
    for (let next = looseDays[0]; next !== undefined && isBefore(next, dayMs); next = looseDays[0]) {
      looseDays.shift();
      if (!(await visit(next, []))) return;
    }
    if (looseDays[0] === dayMs) looseDays.shift();
    if (!(await visit(dayMs, blocks))) return;
  }
  for (const dayMs of looseDays) if (!(await visit(dayMs, []))) return;
}

type Page = Window & { limit: number };

function firstPage({ window, isBackwards = false }: Walk): Page {
  const limit = isBackwards ? ROWS_PER_FIRST_READ : ROWS_PER_READ;
  return { fromMs: dayOf(window.fromMs), toMs: window.toMs, limit };
}

/** The blocks of the window day by day. */
async function* storedDays(
  parts: HistoryParts,
  tx: Tx,
  walk: Walk,
  first: PackedBlock[],
): AsyncGenerator<[dayMs: number, blocks: PackedBlock[]]> {
  let page = firstPage(walk);
  for (let blocks = first; ; blocks = await pageOf(parts, tx, walk, page)) {
    const days = [...Map.groupBy(blocks, ({ startMs }) => dayOf(startMs))];
    // The last day may have more rows than came; it has no more than fit into a read.
    const isLast = blocks.length < page.limit;
    if (!isLast && days.length > 1) days.pop();
    yield* days;
    const last = days.at(-1)?.[0];
    if (isLast || last === undefined) return;
    const rest = walk.isBackwards === true ? { toMs: last } : { fromMs: last + DAY_MS };
    page = { ...page, ...rest, limit: ROWS_PER_READ };
  }
}

const KINDS = { start: 'number', span: 'number', body: 'bytes' } as const satisfies PackedKinds;

async function pageOf(parts: HistoryParts, tx: Tx, walk: Walk, { fromMs, toMs, limit }: Page): Promise<PackedBlock[]> {
  const { endpointId, window, isBackwards = false, samplesOnly = false } = walk;
  const words = WORDS[samplesOnly ? 'samples' : 'all'][isBackwards ? 'desc' : 'asc'];
  const [from, to, ends] = [BigInt(fromMs), BigInt(Math.ceil(toMs)), BigInt(Math.trunc(window.fromMs))];
  const query = words(parts.db.kysely, { endpointId, from, to, ends, limit });
  const { count, columns } = await parts.db.readPacked(query, KINDS, tx);
  return Array.from({ length: count }, (_, row) => ({
    startMs: columns.start[row] ?? 0,
    span: columns.span[row] ?? 0,
    body: bytesAt(columns.body, row),
  }));
}

type Hole = <T>(name: 'endpointId' | 'from' | 'to' | 'ends' | 'limit') => T;

function wordsFor(order: 'asc' | 'desc', samplesOnly: boolean) {
  return preparedWords((db: Executor, hole: Hole) => {
    const query = db
      .selectFrom('jetmon_history_blocks')
      .select(['start_ms', 'span', 'body'])
      .where('endpoint_id', '=', hole<bigint>('endpointId'))
      .where('start_ms', '>=', hole<bigint>('from'))
      .where('start_ms', '<', hole<bigint>('to'))
      .where('end_ms', '>', hole<bigint>('ends'))
      .where('span', samplesOnly ? '=' : '<>', BigInt(samplesOnly ? SPAN.hours : SPAN.parked));
    return query.orderBy('start_ms', order).limit(hole<number>('limit'));
  });
}

const WORDS = {
  all: { asc: wordsFor('asc', false), desc: wordsFor('desc', false) },
  samples: { asc: wordsFor('asc', true), desc: wordsFor('desc', true) },
};

/** Null for a damaged one, once that is counted. */
export function readable<T>(parts: HistoryParts, endpointId: EndpointId, block: PackedBlock, read: () => T): T | null {
  return readOrCount(parts.trouble, () => `block ${endpointId}/${block.startMs}/${block.span}`, read);
}

/** The looks of a day that are kept one by one and lie in the window, in the order of time. */
export function samplesOf(parts: HistoryParts, { endpointId, window }: Walk, { blocks, loose }: StoredDay): Sample[] {
  const lists: (readonly Sample[])[] = [loose];
  for (const block of blocks) {
    const found = readable(parts, endpointId, block, () => decodeBlock(block.startMs, block.body));
    for (const part of found ?? []) if ('samples' in part) lists.push(part.samples);
  }
  const isWithin = ({ atMs }: Sample) => atMs >= window.fromMs && atMs < window.toMs;
  return unionOf(lists).filter(isWithin);
}
