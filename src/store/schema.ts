/**
 * The tables as Kysely sees them. Ids and counts are read as `bigint`, fractions as `number`; each aggregate file turns
 * rows into its own words once. Instants are milliseconds since the epoch in UTC, JSON is text, booleans are 0 or 1.
 */
import type { Generated, GeneratedAlways, Kysely, Transaction } from 'kysely';
import type { DefaultedInt, Int, NullableInt, NullableReal, NullableText } from './column-types.ts';
import type { DeliverySchema } from './schema-delivery.ts';
import type { HistorySchema } from './schema-history.ts';
import type { IdempotencySchema } from './schema-idempotency.ts';
import type { OperationsSchema } from './schema-operations.ts';

export type EventsTable = {
  id: Generated<bigint>;
  blog_id: Int;
  endpoint_id: NullableInt;
  check_type: string;
  discriminator: NullableText;
  severity: Int;
  state: string;
  started_at: Int;
  ended_at: NullableInt;
  resolution_reason: NullableText;
  cause_event_id: NullableInt;
  metadata: NullableText;
  /** When the newest transition happened. */
  updated_at: Int;
  /** Transitions written so far; the `seq` of the newest one. */
  version: Int;
  /** The identity while open, null once closed: at most one open event per identity. */
  dedup_key: GeneratedAlways<string | null>;
};

export type TransitionsTable = {
  id: Generated<bigint>;
  event_id: Int;
  blog_id: Int;
  seq: Int;
  severity_before: NullableInt;
  severity_after: NullableInt;
  state_before: NullableText;
  state_after: NullableText;
  reason: string;
  source: string;
  metadata: NullableText;
  op_id: string;
  epoch: Int;
  /** When it was written. */
  changed_at: Int;
  /** Since when it is true, where that is known to be earlier. */
  began_at: NullableInt;
};

export type EventVerificationsTable = {
  event_id: Int;
  outcome: string;
  verified_at: Int;
  evidence: NullableText;
};

export type CheckConfigTable = {
  source_site_id: Int;
  blog_id: Int;
  check_interval_seconds: NullableInt;
  timeout_seconds: NullableInt;
  check_keyword: NullableText;
  forbidden_keyword: NullableText;
  forbidden_keywords: NullableText;
  custom_headers: NullableText;
  redirect_policy: NullableText;
  request_method: NullableText;
  detection_profile: NullableText;
  expected_status: NullableText;
  http2: NullableInt;
  maintenance_start: NullableInt;
  maintenance_end: NullableInt;
  /** Since when that window stands. */
  maintenance_set_at: NullableInt;
  alert_cooldown_minutes: NullableInt;
  removed_at: NullableInt;
  created_at: Int;
  updated_at: Int;
};

export type RuntimeTable = {
  source_site_id: Int;
  blog_id: Int;
  last_checked_at: NullableInt;
  last_state: NullableText;
  last_reason: NullableText;
  last_summary: NullableText;
  http_code: NullableInt;
  address: NullableText;
  dns_ms: NullableReal;
  tcp_ms: NullableReal;
  tls_ms: NullableReal;
  sent_ms: NullableReal;
  ttfb_ms: NullableReal;
  headers_ms: NullableReal;
  body_ms: NullableReal;
  total_ms: NullableReal;
  ssl_expires_at: NullableInt;
  failing_event_id: NullableInt;
  failing_since: NullableInt;
  failing_attempts: NullableInt;
  next_check_at: NullableInt;
  last_alert_sent_at: NullableInt;
};

export type ApiKeysTable = {
  id: Generated<bigint>;
  key_hash: string;
  consumer_name: string;
  /** Words with a space between them. */
  scope: string;
  is_gateway: DefaultedInt;
  /** Networks with spaces between them; null: from everywhere. */
  allowed_from: NullableText;
  tenant_id: NullableText;
  rate_limit_per_minute: Int;
  expires_at: NullableInt;
  revoked_at: NullableInt;
  last_used_at: NullableInt;
  created_at: Int;
  created_by: string;
};

/** Our tables. The shared registry is not among them: legacy.ts alone can name it. */
export type Schema = OperationsSchema &
  DeliverySchema &
  HistorySchema &
  IdempotencySchema & {
    jetmon_schema_migrations: { id: Int; applied_at: Int };
    jetmon_sequences: { name: string; next_value: Int };
    jetmon_events: EventsTable;
    jetmon_event_transitions: TransitionsTable;
    jetmon_event_verifications: EventVerificationsTable;
    jetmon_endpoint_check_config: CheckConfigTable;
    jetmon_endpoint_runtime: RuntimeTable;
    jetmon_api_keys: ApiKeysTable;
    jetmon_parked_rows: { id: Generated<bigint>; table_name: string; row_id: string; body: string };
  };

export type Tx = Transaction<Schema>;
/** The database itself or a transaction on it. */
export type Executor = Kysely<Schema>;
