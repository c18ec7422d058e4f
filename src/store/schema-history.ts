/** The tables of the check history as Kysely sees them. */
import type { Generated } from 'kysely';
import type { Int, NullableInt } from './column-types.ts';

export type CheckHistoryTable = {
  id: Generated<bigint>;
  blog_id: Int;
  endpoint_id: NullableInt;
  request_method: string;
  http_code: NullableInt;
  error_code: NullableInt;
  reason: string;
  rtt_ms: NullableInt;
  dns_ms: NullableInt;
  tcp_ms: NullableInt;
  tls_ms: NullableInt;
  ttfb_ms: NullableInt;
  checked_at: Int;
};

export type HistoryJournalTable = {
  id: Generated<bigint>;
  /** Hour of the samples; of those that wait for more, the first one. */
  hour_ms: Int;
  /** See SEGMENT_STATE. */
  state: Int;
  /** -1: endpoints of all shards. */
  shard: Int;
  /** Of the first and the last sample. */
  from_ms: Int;
  to_ms: Int;
  samples: Int;
  writer: string;
  body: Uint8Array;
};

export type HistoryBlocksTable = {
  endpoint_id: Int;
  start_ms: Int;
  /** See SPAN. */
  span: Int;
  day_ms: Int;
  end_ms: Int;
  blog_id: Int;
  samples: Int;
  body: Uint8Array;
};

export type HistorySchema = {
  jetmon_check_history: CheckHistoryTable;
  jetmon_history_journal: HistoryJournalTable;
  jetmon_history_blocks: HistoryBlocksTable;
  jetmon_history_upkeep: { id: Int; turns: Int };
};
