/** Rows of blocks: read, merged with what is there, written. */
import type { Insertable, Selectable } from 'kysely';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Tx } from '../schema.ts';
import type { HistoryBlocksTable } from '../schema-history.ts';
import { decodeBlock, encodeBlock, looksIn, mergeParts, type Part } from './block.ts';
import { readOrCount, SPAN, type Trouble } from './parts.ts';
import { DAY_MS, dayOf, HOUR_MS } from './sample.ts';

export type BlockRow = Insertable<HistoryBlocksTable>;
export type StoredBlock = Selectable<HistoryBlocksTable>;

export type Block = { endpointId: EndpointId; siteId: SiteId; span: number; startMs: number; parts: Part[] };

const ROWS_PER_STATEMENT = 50;

export function blockRowOf({ endpointId, siteId, span, startMs, parts }: Block): BlockRow {
  const lastMs = parts.at(-1)?.startMs ?? startMs;
  return {
    endpoint_id: endpointId,
    start_ms: startMs,
    span,
    day_ms: dayOf(startMs),
    end_ms: span === SPAN.hours ? lastMs + HOUR_MS : startMs + DAY_MS,
    blog_id: siteId,
    samples: looksIn(parts),
    body: encodeBlock(startMs, parts),
  };
}

export function blockOf(row: StoredBlock): Block {
  const startMs = Number(row.start_ms);
  return {
    endpointId: row.endpoint_id as EndpointId,
    siteId: row.blog_id as SiteId,
    span: Number(row.span),
    startMs,
    parts: decodeBlock(startMs, row.body),
  };
}

/** Null for a damaged one, once that is counted. */
export function readableBlock(trouble: Trouble, row: StoredBlock): Block | null {
  return readOrCount(
    trouble,
    () => `block ${row.endpoint_id}/${row.start_ms}/${row.span}`,
    () => blockOf(row),
  );
}

/** Writes blocks; where one with that key is there, they become one. Within `rewrite` only. */
export async function mergeBlocks(tx: Tx, db: Database, trouble: Trouble, blocks: readonly Block[]): Promise<void> {
  for (let from = 0; from < blocks.length; from += ROWS_PER_STATEMENT) {
    const some = blocks.slice(from, from + ROWS_PER_STATEMENT);
    const there = await blocksLike(tx, some);
    const rows = some.map((block) => {
      const old = there.get(keyOf(block.endpointId, block.startMs, block.span));
      const before = old === undefined ? null : readableBlock(trouble, old);
      return blockRowOf(before === null ? block : { ...block, parts: mergeParts([...before.parts, ...block.parts]) });
    });
    await db.dialect.upsert(tx, { table: 'jetmon_history_blocks', rows, key: ['endpoint_id', 'start_ms', 'span'] });
  }
}

async function blocksLike(tx: Tx, blocks: readonly Block[]): Promise<Map<string, StoredBlock>> {
  const rows = await tx
    .selectFrom('jetmon_history_blocks')
    .selectAll()
    .where('endpoint_id', 'in', [...new Set(blocks.map(({ endpointId }) => endpointId))])
    .where('start_ms', 'in', [...new Set(blocks.map(({ startMs }) => BigInt(startMs)))])
    .where('span', 'in', [...new Set(blocks.map(({ span }) => BigInt(span)))])
    .execute();
  return new Map(rows.map((row) => [keyOf(row.endpoint_id, row.start_ms, row.span), row]));
}

function keyOf(endpointId: bigint, startMs: number | bigint, span: number | bigint): string {
  return `${endpointId}/${startMs}/${span}`;
}

/** Takes rows away by their whole key. */
export async function deleteBlocks(
  tx: Tx,
  rows: readonly Pick<StoredBlock, 'endpoint_id' | 'start_ms' | 'span'>[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const some = rows.slice(from, from + ROWS_PER_STATEMENT);
    await tx
      .deleteFrom('jetmon_history_blocks')
      .where((eb) =>
        eb.or(
          some.map((row) =>
            eb.and([
              eb('endpoint_id', '=', row.endpoint_id),
              eb('start_ms', '=', row.start_ms),
              eb('span', '=', row.span),
            ]),
          ),
        ),
      )
      .execute();
  }
}

/** A damaged block is set aside, so that upkeep need not meet it again; readers leave it out. */
export async function parkBlock(tx: Tx, row: StoredBlock): Promise<void> {
  await deleteBlocks(tx, [{ ...row, span: BigInt(SPAN.parked) }]);
  await tx
    .updateTable('jetmon_history_blocks')
    .set({ span: SPAN.parked })
    .where('endpoint_id', '=', row.endpoint_id)
    .where('start_ms', '=', row.start_ms)
    .where('span', '=', row.span)
    .execute();
}
