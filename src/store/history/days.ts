/**
 * Goes through the history of one endpoint a UTC day at a time, wherever it lies: memory, journal or blocks. No sample and
 * no block is of two days, so what is found twice is found on one day; and between two days others get their turn.
 */
import { setImmediate } from 'node:timers/promises';
import type { EndpointId } from '../../domain/ids.ts';
import type { Tx } from '../schema.ts';
import type { Part } from './block.ts';
import { BLOCK_COLUMNS, type ReadBlock, readableBlock } from './blocks.ts';
import { readJournal } from './journal.ts';
import { type HistoryParts, SPAN } from './parts.ts';
import type { Pending } from './pending.ts';
import { DAY_MS, dayOf, type Sample, unionOf } from './sample.ts';

/** From its start up to, and without, its end; ms since the epoch. */
export type Window = { fromMs: number; toMs: number };

export type HistoryDay = {
  dayMs: number;
  /** Those in the window, in the order of time. */
  samples: Sample[];
  /** What older samples amount to, of hours or a whole day: all of the day, in the window or not. */
  sums: (Extract<Part, { summary: unknown }> & { isWholeDay: boolean })[];
};

export type Walk = {
  endpointId: EndpointId;
  window: Window;
  /** The newest day first. */
  isBackwards?: boolean;
  /** Days of which the samples are not kept any more are left out. */
  samplesOnly?: boolean;
  /** What older looks took is left out: only when they were matters. */
  timesOnly?: boolean;
  /** False: far enough. */
  visit(day: HistoryDay): boolean | undefined;
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
    const loose = unionOf([inMemory, await readJournal(parts, tx, endpointId, window)]);
    await visitDays(
      parts,
      tx,
      walk,
      Map.groupBy(loose, ({ atMs }) => dayOf(atMs)),
    );
    return besides(tx);
  });
}

async function visitDays(parts: HistoryParts, tx: Tx, walk: Walk, loose: Map<number, Sample[]>): Promise<void> {
  const isBackwards = walk.isBackwards === true;
  const looseDays = [...loose.keys()].sort((a, b) => (isBackwards ? b - a : a - b));
  const isBefore = (one: number, other: number) => (isBackwards ? one > other : one < other);
  let sinceMs = parts.clock.monotonicMs();

  async function visit(dayMs: number, rows: readonly ReadBlock[]): Promise<boolean> {
    const day = dayFrom(parts, walk, { dayMs, rows, loose: loose.get(dayMs) ?? [] });
    if (walk.visit(day) === false) return false;
    if (parts.clock.monotonicMs() - sinceMs < TURN_MS) return true;
    await setImmediate();
    sinceMs = parts.clock.monotonicMs();
    return true;
  }

  for await (const [dayMs, rows] of storedDays(tx, walk)) {
    for (let next = looseDays[0]; next !== undefined && isBefore(next, dayMs); next = looseDays[0]) {
      looseDays.shift();
      if (!(await visit(next, []))) return;
    }
    if (looseDays[0] === dayMs) looseDays.shift();
    if (!(await visit(dayMs, rows))) return;
  }
  for (const dayMs of looseDays) if (!(await visit(dayMs, []))) return;
}

/** The blocks of the window day by day. */
async function* storedDays(
  tx: Tx,
  { endpointId, window, isBackwards = false, samplesOnly = false }: Walk,
): AsyncGenerator<[dayMs: number, rows: ReadBlock[]]> {
  let fromMs = dayOf(window.fromMs);
  let toMs = window.toMs;
  for (let limit = isBackwards ? ROWS_PER_FIRST_READ : ROWS_PER_READ; ; limit = ROWS_PER_READ) {
    let query = tx
      .selectFrom('jetmon_history_blocks')
      .select(BLOCK_COLUMNS)
      .where('endpoint_id', '=', endpointId)
      .where('start_ms', '>=', BigInt(fromMs))
      .where('start_ms', '<', BigInt(Math.ceil(toMs)))
      .where('end_ms', '>', BigInt(Math.trunc(window.fromMs)));
    query = samplesOnly ? query.where('span', '=', BigInt(SPAN.hours)) : query.where('span', '<>', BigInt(SPAN.parked));
    const rows = await query
      .orderBy('start_ms', isBackwards ? 'desc' : 'asc')
      .limit(limit)
      .execute();
    const days = [...Map.groupBy(rows, ({ start_ms }) => dayOf(Number(start_ms)))];
    // The last day may have more rows than came; it has no more than fit into a read.
    const isLast = rows.length < limit;
    if (!isLast && days.length > 1) days.pop();
    yield* days;
    const last = days.at(-1)?.[0];
    if (isLast || last === undefined) return;
    if (isBackwards) toMs = last;
    else fromMs = last + DAY_MS;
  }
}

type Raw = { dayMs: number; rows: readonly ReadBlock[]; loose: Sample[] };

function dayFrom(parts: HistoryParts, { window, timesOnly = false }: Walk, { dayMs, rows, loose }: Raw): HistoryDay {
  const lists = [loose];
  const sums: HistoryDay['sums'] = [];
  for (const row of rows) {
    const block = readableBlock(parts.trouble, row, { timesOnly });
    for (const part of block?.parts ?? []) {
      if ('samples' in part) lists.push(part.samples);
      else sums.push({ ...part, isWholeDay: block?.span === SPAN.wholeDay });
    }
  }
  const all = unionOf(lists);
  const isWhole = window.fromMs <= dayMs && window.toMs >= dayMs + DAY_MS;
  const samples = isWhole ? all : all.filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
  return { dayMs, samples, sums };
}
