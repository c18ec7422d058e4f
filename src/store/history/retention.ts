/**
 * Lets history grow old: samples become sums of hours, hours become days, and what is too old goes. Always a few rows at
 * a time with pauses for writers, resumed where it stopped, and never near an event.
 */

import type { AuditMoment } from '../audit.ts';
import { FORGOTTEN_AT_ONCE, forgetFalsePositives } from '../false-positives.ts';
import { agedAudit, forgetAudit } from '../forget-audit.ts';
import type { Tx } from '../schema.ts';
import { addSummary, emptySummary, mergeParts, type Part, summaryOfPart } from './block.ts';
import { type Block, deleteBlocks, mergeBlocks, parkBlock, readableBlock, type StoredBlock } from './blocks.ts';
import { createRewriter, type HistoryParts, type Rewriter, SEGMENT_STATE, SPAN } from './parts.ts';
import { DAY_MS, dayOf } from './sample.ts';

export type RetentionPolicy = {
  /** Days for which each healthy sample is kept. */
  rawDays: number;
  /** Days for which figures are kept by the hour; then by the day. */
  hourlyDays: number;
  /** Days for which anything is kept of healthy looks. */
  days: number;
  /** Days for which failed looks are kept, and how many of them at most; the oldest go first. */
  failureDays: number;
  maxFailures: number;
  /** Days for which the audit trail is kept; 0: for ever. */
  auditDays: number;
};

export const DEFAULT_RETENTION: RetentionPolicy = {
  rawDays: 14,
  hourlyDays: 90,
  days: 400,
  failureDays: 90,
  maxFailures: 5_000_000,
  auditDays: 90,
};

const BLOCKS_AT_ONCE = 240;
const ROWS_AT_ONCE = 500;
/** Failures are counted in steps of this many, so that no single query is long. */
const COUNTED_AT_ONCE = 10_000;

export async function retain(parts: HistoryParts, policy: RetentionPolicy, nowMs: number): Promise<void> {
  const write = createRewriter(parts);
  const before = (days: number) => dayOf(nowMs - days * DAY_MS);
  await fold(parts, write, { from: SPAN.hours, to: SPAN.day, beforeMs: before(policy.rawDays), age: inHours });
  await fold(parts, write, { from: SPAN.day, to: SPAN.wholeDay, beforeMs: before(policy.hourlyDays), age: asOne });
  await dropBlocks(parts, write, before(policy.days));
  await dropParked(parts, write, before(policy.days));
  await dropFailures(parts, write, nowMs - policy.failureDays * DAY_MS);
  await dropFalsePositives(parts, write, nowMs - policy.failureDays * DAY_MS);
  if (policy.auditDays > 0) await dropAudit(parts, write, nowMs - policy.auditDays * DAY_MS);
}

type Fold = { from: number; to: number; beforeMs: number; age(dayMs: number, parts: readonly Part[]): Part[] };

function inHours(_dayMs: number, parts: readonly Part[]): Part[] {
  return mergeParts(parts).map((part) => ({ startMs: part.startMs, summary: summaryOfPart(part) }));
}

function asOne(dayMs: number, parts: readonly Part[]): Part[] {
  const summary = emptySummary();
  for (const part of mergeParts(parts)) addSummary(summary, summaryOfPart(part));
  return [{ startMs: dayMs, summary }];
}

/** Makes one block of all that an endpoint has of a day, day by day, endpoint by endpoint. */
async function fold(parts: HistoryParts, write: Rewriter, kind: Fold): Promise<void> {
  for (;;) {
    const dayMs = await oldestDay(parts, kind.from, kind.beforeMs);
    if (dayMs === null || (await isInJournal(parts, dayMs))) return;
    for (let after: bigint | null = null; ; ) {
      if (parts.isStopping()) return;
      const done: bigint | null = await write((tx) => foldSome(parts, tx, kind, dayMs, after));
      if (done === null) break;
      after = done;
    }
  }
}

async function oldestDay({ db }: HistoryParts, span: number, beforeMs: number): Promise<number | null> {
  const row = await db.kysely
    .selectFrom('jetmon_history_blocks')
    .select('day_ms')
    .where('span', '=', BigInt(span))
    .where('day_ms', '<', BigInt(beforeMs))
    .orderBy('day_ms')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : Number(row.day_ms);
}

/** Samples may only be added up once none of them can come a second time. */
async function isInJournal({ db }: HistoryParts, dayMs: number): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('jetmon_history_journal')
    .select('id')
    .where('state', 'in', [BigInt(SEGMENT_STATE.fresh), BigInt(SEGMENT_STATE.waiting)])
    .where('hour_ms', '>=', BigInt(dayMs))
    .where('hour_ms', '<', BigInt(dayMs + DAY_MS))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Returns the last endpoint that is done; null when there are no more. */
async function foldSome(
  parts: HistoryParts,
  tx: Tx,
  kind: Fold,
  dayMs: number,
  after: bigint | null,
): Promise<bigint | null> {
  let query = tx
    .selectFrom('jetmon_history_blocks')
    .selectAll()
    .where('span', '=', BigInt(kind.from))
    .where('day_ms', '=', BigInt(dayMs));
  if (after !== null) query = query.where('endpoint_id', '>', after);
  const rows = await query.orderBy('endpoint_id').limit(BLOCKS_AT_ONCE).execute();
  const groups = [...Map.groupBy(rows, (row) => row.endpoint_id)];
  // The last endpoint may have more rows than came; a day has no more than 24 of one.
  if (rows.length === BLOCKS_AT_ONCE && groups.length > 1) groups.pop();
  const last = groups.at(-1);
  if (last === undefined) return null;
  const folded: Block[] = [];
  const used: StoredBlock[] = [];
  for (const [, some] of groups) {
    const readable: Block[] = [];
    for (const row of some) {
      const block = readableBlock(parts.trouble, row);
      if (block === null) {
        await parkBlock(tx, row);
        continue;
      }
      readable.push(block);
      used.push(row);
    }
    const [first] = readable;
    if (first === undefined) continue;
    const all = kind.age(
      dayMs,
      readable.flatMap((block) => block.parts),
    );
    folded.push({ ...first, span: kind.to, startMs: dayMs, parts: all });
  }
  await mergeBlocks(tx, parts.db, parts.trouble, folded);
  await deleteBlocks(tx, used);
  return last[0];
}

async function dropBlocks(parts: HistoryParts, write: Rewriter, beforeMs: number): Promise<void> {
  for (const span of Object.values(SPAN)) {
    for (let dropped = ROWS_AT_ONCE; dropped === ROWS_AT_ONCE && !parts.isStopping(); ) {
      if ((await oldestDay(parts, span, beforeMs)) === null) break;
      dropped = await write(async (tx) => {
        const rows = await tx
          .selectFrom('jetmon_history_blocks')
          .select(['endpoint_id', 'start_ms', 'span'])
          .where('span', '=', BigInt(span))
          .where('day_ms', '<', BigInt(beforeMs))
          .orderBy('day_ms')
          .limit(ROWS_AT_ONCE)
          .execute();
        await deleteBlocks(tx, rows);
        return rows.length;
      });
    }
  }
}

async function dropParked({ db }: HistoryParts, write: Rewriter, beforeMs: number): Promise<void> {
  const parked = db.kysely
    .selectFrom('jetmon_history_journal')
    .select('id')
    .where('state', '=', BigInt(SEGMENT_STATE.parked))
    .where('hour_ms', '<', BigInt(beforeMs))
    .limit(ROWS_AT_ONCE);
  const ids = (await parked.execute()).map(({ id }) => id);
  if (ids.length === 0) return;
  await write(async (tx) => {
    await tx.deleteFrom('jetmon_history_journal').where('id', 'in', ids).execute();
  });
}

async function dropFailures(parts: HistoryParts, write: Rewriter, beforeMs: number): Promise<void> {
  for (let dropped = ROWS_AT_ONCE; dropped === ROWS_AT_ONCE && !parts.isStopping(); ) {
    const old = parts.db.kysely
      .selectFrom('jetmon_check_history')
      .select('id')
      .where('checked_at', '<', BigInt(beforeMs))
      .orderBy('checked_at')
      .limit(ROWS_AT_ONCE);
    dropped = await deleteFailures(
      write,
      (await old.execute()).map(({ id }) => id),
    );
  }
}

async function dropFalsePositives(parts: HistoryParts, write: Rewriter, beforeMs: number): Promise<void> {
  for (let dropped = FORGOTTEN_AT_ONCE; dropped === FORGOTTEN_AT_ONCE && !parts.isStopping(); )
    dropped = await write((tx) => forgetFalsePositives(tx, { beforeMs }));
}

async function dropAudit(parts: HistoryParts, write: Rewriter, beforeMs: number): Promise<void> {
  for (let after: AuditMoment | null = null; !parts.isStopping(); ) {
    const { ids, last } = await agedAudit(parts.db.kysely, { beforeMs, after });
    if (ids.length > 0) await write((tx) => forgetAudit(tx, ids));
    if (last === null) return;
    after = last;
  }
}

async function deleteFailures(write: Rewriter, ids: readonly bigint[]): Promise<number> {
  if (ids.length === 0) return 0;
  await write(async (tx) => {
    await tx
      .deleteFrom('jetmon_check_history')
      .where('id', 'in', [...ids])
      .execute();
  });
  return ids.length;
}

/** Lets the oldest failures go while there are more than `max`. Counts through all of them, a step at a time. */
export async function limitFailures(parts: HistoryParts, max: number): Promise<void> {
  const oldestKept = await idOfNth(parts, max);
  if (oldestKept === null) return;
  const write = createRewriter(parts);
  for (let dropped = ROWS_AT_ONCE; dropped === ROWS_AT_ONCE && !parts.isStopping(); ) {
    const old = parts.db.kysely
      .selectFrom('jetmon_check_history')
      .select('id')
      .where('id', '<', oldestKept)
      .orderBy('id')
      .limit(ROWS_AT_ONCE);
    dropped = await deleteFailures(
      write,
      (await old.execute()).map(({ id }) => id),
    );
  }
}

/** The id of the nth row, counted from the newest; null when there are fewer. */
async function idOfNth(parts: HistoryParts, nth: number): Promise<bigint | null> {
  let found: bigint | null = null;
  for (let left = nth; left > 0 && !parts.isStopping(); left -= COUNTED_AT_ONCE) {
    if (found !== null) await parts.wait(0);
    found = await idBelow(parts, found, Math.min(left, COUNTED_AT_ONCE));
    if (found === null) break;
  }
  return parts.isStopping() ? null : found;
}

/** The id that comes `step` rows below this one. */
async function idBelow({ db }: HistoryParts, below: bigint | null, step: number): Promise<bigint | null> {
  let query = db.kysely.selectFrom('jetmon_check_history').select('id');
  if (below !== null) query = query.where('id', '<', below);
  const row = await query
    .orderBy('id', 'desc')
    .limit(1)
    .offset(step - 1)
    .executeTakeFirst();
  return row?.id ?? null;
}
