/** The tables of running the program: who owns which bucket, who may see which site, and what the monitor did. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { DefaultedInt, DefaultedText, Int, NullableInt, NullableText } from './column-types.ts';

export type AuditLogTable = {
  id: Generated<bigint>;
  blog_id: NullableInt;
  event_id: NullableInt;
  event_type: string;
  source: DefaultedText;
  detail: NullableText;
  metadata: NullableText;
  created_at: Int;
};

export type FalsePositivesTable = {
  id: Generated<bigint>;
  blog_id: Int;
  http_code: NullableInt;
  error_code: NullableInt;
  rtt_ms: NullableInt;
  endpoint_id: NullableInt;
  check_type: NullableText;
  /** JSON: who said what. */
  evidence: NullableText;
  created_at: Int;
};

export type HostsTable = {
  host_id: string;
  bucket_min: NullableInt;
  bucket_max: NullableInt;
  last_heartbeat: Int;
  status: string;
};

export type BucketsTable = {
  bucket: Int;
  owner: NullableText;
  /** How often the bucket was taken: a writer that names an older one has lost it since. */
  epoch: DefaultedInt;
  expires_at: NullableInt;
};

export type SiteTenantsTable = {
  tenant_id: string;
  blog_id: Int;
  source: DefaultedText;
  created_at: Int;
  updated_at: Int;
};

export type ProcessHealthTable = {
  /** `<host>:<process type>`. */
  process_id: string;
  host_id: string;
  process_type: string;
  pid: Int;
  version: string;
  build_date: NullableText;
  runtime_version: string;
  state: string;
  health_status: string;
  started_at: Int;
  updated_at: Int;
  bucket_min: NullableInt;
  bucket_max: NullableInt;
  bucket_ownership: NullableText;
  api_port: NullableInt;
  dashboard_port: NullableInt;
  delivery_workers_enabled: DefaultedInt;
  delivery_owner_host: NullableText;
  worker_count: DefaultedInt;
  active_checks: DefaultedInt;
  queue_depth: DefaultedInt;
  retry_queue_size: DefaultedInt;
  wpcom_circuit_open: DefaultedInt;
  wpcom_queue_depth: DefaultedInt;
  runtime_mem_mb: DefaultedInt;
  rss_mem_mb: DefaultedInt;
  dependency_health: NullableText;
  created_at: Int;
};

export type RollupRulesTable = { blog_id: Int; rules: string; updated_at: Int };

export type ChecksTable = {
  id: Generated<bigint>;
  blog_id: Int;
  /** Null: for the whole site. */
  endpoint_id: NullableInt;
  check_type: string;
  enabled: DefaultedInt;
  settings: string;
  created_at: Int;
  updated_at: Int;
  /** The endpoint or 0, because two nulls are not the same to a unique index. */
  endpoint_key: GeneratedAlways<bigint>;
};

/** What holds for every endpoint of a site that says nothing itself. */
export type SiteCheckConfigTable = {
  blog_id: Int;
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
  alert_cooldown_minutes: NullableInt;
  created_at: Int;
  updated_at: Int;
};

/** Plans of maintenance, and what they were before they were changed: what was maintenance once stays so. */
export type MaintenanceWindowsTable = {
  id: Generated<bigint>;
  /** Null: every site, of the tenant where one is named. */
  blog_id: NullableInt;
  /** Null: every endpoint. */
  endpoint_id: NullableInt;
  tenant_id: NullableText;
  title: NullableText;
  /** Tenant whose words title and `created_by` are. */
  words_of_tenant: NullableText;
  /** `planned`, or `started` for one that began when it was asked for. */
  source: string;
  /** When it begins for the first time, as it was planned. */
  start_at: Int;
  /** Null where it comes again. */
  end_at: NullableInt;
  duration_ms: Int;
  /** JSON; null where it comes once. */
  rule: NullableText;
  zone: string;
  /** Covers nothing before. */
  effective_from: Int;
  /** Covers nothing from then on: the end of what is planned, or of the plan. */
  over_at: Int;
  ended_at: NullableInt;
  /** Nobody sees it any more; it still covered what it did. */
  removed_at: NullableInt;
  /** The plan of which this is an earlier version; null: it is the plan as it stands. */
  version_of: NullableInt;
  /** Of the request that planned it, where that may be repeated. */
  request_slot: NullableText;
  created_by: NullableText;
  created_at: Int;
  updated_at: Int;
};

/** What something was until it was changed; what it is now stands elsewhere. */
export type EarlierSettingsTable = {
  id: Generated<bigint>;
  blog_id: Int;
  /** Null: the row is of the rules of the site. */
  endpoint_id: NullableInt;
  until_at: Int;
  /** Of an endpoint: `watched`, `paused` or `absent`. */
  state: NullableText;
  check_interval_seconds: NullableInt;
  /** Of a site; null where the defaults held. */
  rules: NullableText;
};

export type OperationsSchema = {
  jetmon_earlier_settings: EarlierSettingsTable;
  jetmon_maintenance_windows: MaintenanceWindowsTable;
  jetmon_audit_log: AuditLogTable;
  jetmon_false_positives: FalsePositivesTable;
  jetmon_hosts: HostsTable;
  jetmon_buckets: BucketsTable;
  jetmon_site_tenants: SiteTenantsTable;
  jetmon_process_health: ProcessHealthTable;
  jetmon_site_rollup_rules: RollupRulesTable;
  jetmon_checks: ChecksTable;
  jetmon_site_check_config: SiteCheckConfigTable;
};
