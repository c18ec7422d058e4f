/** Every configuration key, once: its schema, default and meaning. The file, the environment and docs/config.md follow from it. */
import { z } from 'zod';
import { DEFAULT_BUDGETS, DEFAULT_PLAN, DETECTION_PROFILES, REQUEST_METHODS } from '../domain/probe-plan.ts';
import { DEFAULT_RETENTION } from '../store/history/retention.ts';
import { LOG_LEVELS } from '../telemetry/log.ts';
import { HOST_PATHS } from '../telemetry/statsd.ts';
import { MAX_VERIFIERS, VerifierSchema } from './verifier-config.ts';

/** Most of a body that is ever read, and the longest deadline a check may have. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_TIMEOUT_MS = 255_000;

const integer = (min: number, max: number) => z.int().min(min).max(max);

/** Keys with an effect. Each may stand in the file, or in the environment under the same name (lists comma-separated). */
export const CONFIG_SHAPE = {
  HTTP_PORT: integer(0, 65_535).default(8080).describe('Port of the page and the API. 0 takes any free port.'),
  HTTP_BIND: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. Off loopback the page asks for an API key.'),
  JETMON_DATA_DIR: z
    .string()
    .min(1)
    .default('data')
    .describe('Folder of the embedded database, the local key and the lock.'),
  DATABASE_URL: z
    .string()
    .min(1)
    .optional()
    .describe(
      '`sqlite:<path>`, or `mysql://user:password@host:port/name` for MariaDB 10.6 or MySQL 8 (untested) and newer (`?ssl=on`: encrypted). Default: jetmon.db in the data folder.',
    ),
  EGRESS_ALLOW: z
    .array(z.string())
    .default([])
    .describe('Private targets that may be probed: `CIDR[:port]` or `host[:port]`. Metadata addresses never.'),
  CHECK_DNS_RESOLVERS: z
    .array(z.string())
    .default([])
    .describe('Resolvers as `IP[:port]`. Default: those of the machine.'),
  BIND_SOURCE: z
    .string()
    .min(1)
    .optional()
    .describe('Address of this machine that probes and questions to verifiers come from. Default: the system chooses.'),
  REFERENCE_TARGETS: z
    .array(z.string())
    .max(8)
    .default([])
    .describe(
      'Two to eight URLs that are always up, on hosts of your choice in different networks: what shows that our own network works. Two of one network prove nothing. Default: other sites that are watched.',
    ),
  CHECK_CA_FILE: z.string().min(1).optional().describe('PEM file of authorities trusted beside the public ones.'),
  NET_COMMS_TIMEOUT: integer(1, 255).default(10).describe('Deadline of one check in seconds, over all its phases.'),
  DEFAULT_CHECK_METHOD: z
    .enum(REQUEST_METHODS)
    .default(DEFAULT_PLAN.method)
    .describe('Method of checks of sites that name none. HEAD reads no body.'),
  DEFAULT_DETECTION_PROFILE: z
    .enum(DETECTION_PROFILES)
    .default(DEFAULT_PLAN.profile)
    .describe('What is looked at on sites that name nothing: `full`, or the status alone.'),
  BODY_READ_MAX_BYTES: integer(0, MAX_BODY_BYTES)
    .default(DEFAULT_BUDGETS.bodyMaxBytes)
    .describe('Bytes read of a body in which nothing is looked for. 0: the default.'),
  BODY_READ_MAX_MS: integer(0, MAX_TIMEOUT_MS)
    .default(DEFAULT_BUDGETS.bodyMaxMs)
    .describe('Time for such a body when its length is unknown or beyond that. 0: the default.'),
  KEYWORD_READ_MAX_BYTES: integer(0, MAX_BODY_BYTES)
    .default(DEFAULT_BUDGETS.keywordMaxBytes)
    .describe('Bytes of text searched for keywords. 0: the default.'),
  KEYWORD_READ_MAX_MS: integer(0, MAX_TIMEOUT_MS)
    .default(DEFAULT_BUDGETS.keywordMaxMs)
    .describe('Time for that search. 0: until the deadline of the check.'),
  NUM_WORKERS: integer(0, 100_000)
    .default(0)
    .describe('Most prober threads; each keeps thousands of checks in flight. Never more than cores. 0: as many.'),
  PROBES_PER_HOST: integer(0, 1_000_000)
    .default(32)
    .describe('Most connections to one address at a time; the rest waits. 0: no limit.'),
  PROBES_PER_NETWORK: integer(0, 1_000_000)
    .default(256)
    .describe('The same for one IPv4 /24 or IPv6 /48. 0: no limit.'),
  RETRY_OFFSETS_SEC: z
    .array(integer(1, 3_600))
    .min(1)
    .max(20)
    .default([2, 5, 10])
    .describe('When a failure is looked at again, in seconds after it was first known; the last gap repeats.'),
  RECOVERY_PROBE_SEC: integer(1, 3_600)
    .default(15)
    .describe('While a failure is open, recovery is looked for at least this often, in seconds.'),
  UNVERIFIED_AFTER_SEC: integer(1, 86_400)
    .default(300)
    .describe(
      'How long a failure may stay unverified before `UNVERIFIED_POLICY` says what is done about it, in seconds.',
    ),
  UNVERIFIED_POLICY: z
    .enum(['hold', 'page'])
    .default('hold')
    .describe(
      '`hold`: it stays Seems Down until verifiers answer. `page`: its severity becomes that of Down, so that people are told.',
    ),
  NUM_OF_CHECKS: integer(1, 20)
    .default(3)
    .describe('Failed fresh checks that make an outage Down, the first included.'),
  VERIFIERS: z
    .array(VerifierSchema)
    .max(MAX_VERIFIERS)
    .default([])
    .describe(
      'Who is asked before an outage is Down: objects of `name`, `host`, `port`, `auth_token`, `region` (default: the name; each has one say) and `tls` (`ca_file`, `cert_file`, `key_file`, `server_name`; absent: none). In the environment: the same list as JSON.',
    ),
  VERIFIER_QUORUM: integer(1, 255)
    .optional()
    .describe(
      'Regions of verifiers that must agree, however many answer. Default: more than half of those that are configured.',
    ),
  MIN_CHECK_INTERVAL_SECONDS: integer(1, 604_800)
    .default(60)
    .describe('Shortest interval a site may ask for. Lower it for labs.'),
  STREAMING_TARGET_RELOAD_SEC: integer(1, 86_400)
    .default(300)
    .describe('Time in which the whole site registry is compared with what is watched, for changes by other programs.'),
  LEGACY_STATUS_PROJECTION_ENABLE: z
    .boolean()
    .default(true)
    .describe('Keep the status column of the site registry in step with the events.'),
  HISTORY_RAW_DAYS: integer(2, 3_650)
    .default(DEFAULT_RETENTION.rawDays)
    .describe('Days for which each healthy look is kept; then figures by the hour.'),
  HISTORY_HOURLY_DAYS: integer(2, 3_650)
    .default(DEFAULT_RETENTION.hourlyDays)
    .describe('Days for which figures are kept by the hour; then by the day.'),
  HISTORY_DAYS: integer(2, 36_500)
    .default(DEFAULT_RETENTION.days)
    .describe('Days for which anything is kept of healthy looks.'),
  HISTORY_FAILURE_DAYS: integer(1, 36_500)
    .default(DEFAULT_RETENTION.failureDays)
    .describe('Days for which failed looks are kept. Events stay, whatever this says.'),
  HISTORY_MAX_FAILURES: integer(1_000, 1_000_000_000)
    .default(DEFAULT_RETENTION.maxFailures)
    .describe('Most failed looks that are kept; the oldest go first. A million takes about 250 MB.'),
  AUDIT_RETENTION_DAYS: integer(0, 36_500)
    .default(DEFAULT_RETENTION.auditDays)
    .describe(
      'Days for which the audit trail is kept, what belongs to an open event for as long as that is; 0: for ever.',
    ),
  VERIFIER_PORT: integer(0, 65_535)
    .optional()
    .describe('Port that `jetmon2 verifier` answers on. 0 takes any free port. Default: 7803.'),
  VERIFIER_BIND: z.string().min(1).optional().describe('Address it listens on. Default: every one of the machine.'),
  VERIFIER_AUTH_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe('Secret that monitors must know; several, comma-separated, while it is being changed.'),
  VERIFIER_TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the certificate it shows, with its chain. Default: plaintext.'),
  VERIFIER_TLS_KEY_FILE: z.string().min(1).optional().describe('PEM file of the key of that certificate.'),
  VERIFIER_CLIENT_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the authorities one of which must have signed the certificate of a monitor (mTLS).'),
  VERIFIER_NAME: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('What it calls itself in its answers. Default: the name of the machine.'),
  TENANT_RATE_LIMIT_PER_MINUTE: integer(0, 1_000_000)
    .default(600)
    .describe(
      'Calls to the API that each tenant may make a minute, by whatever keys. 0: no limit but that of the key.',
    ),
  METRICS_PUBLIC: z
    .boolean()
    .default(false)
    .describe(
      'Let whoever reaches the port read `/metrics`. Otherwise it asks for a key with read scope, on a verifier for its token.',
    ),
  STATSD_ADDR: z
    .string()
    .min(1)
    .optional()
    .describe('Where metrics are sent by UDP for StatsD, as `host[:port]`. Nothing is sent when it is not set.'),
  STATSD_HOST_PATH: z
    .enum(HOST_PATHS)
    .default('flat')
    .describe(
      'This host in names of StatsD: `flat` makes one word of it, `reversed` takes its first two labels from behind.',
    ),
  STATSD_SEND_MEM_USAGE: z.boolean().default(false).describe('Send the memory of the process to StatsD, too.'),
  STATS_UPDATE_INTERVAL_MS: integer(1_000, 3_600_000)
    .default(10_000)
    .describe('How often metrics are sent, the files of statistics and the row of process health are written.'),
  STATS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Folder for `sitespersec`, `sitesqueue` and `totals` as version 1 wrote them. Not written when not set.'),
  JETMON_PID_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the process id while the server runs; `drain` and `reload` read it.'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('Least level that is logged.'),
  LOG_FORMAT: z.enum(['text', 'json']).default('text').describe('Log lines for people or for machines.'),
} as const;

/** The one schema of the configuration. */
export const ConfigSchema = z.strictObject(CONFIG_SHAPE);
export type ConfigValues = z.output<typeof ConfigSchema>;
export type ConfigKey = keyof typeof CONFIG_SHAPE;

/**
 * Keys that a reload puts into effect at once: somebody asks the settings anew, or is told of the change
 * (settings.ts). A change of any other is named, and waits for a restart.
 */
export const TAKEN_AT_ONCE: readonly ConfigKey[] = [
  'LOG_LEVEL',
  'METRICS_PUBLIC',
  'MIN_CHECK_INTERVAL_SECONDS',
  'NET_COMMS_TIMEOUT',
  'NUM_OF_CHECKS',
  'RECOVERY_PROBE_SEC',
  'RETRY_OFFSETS_SEC',
  'STATSD_SEND_MEM_USAGE',
  'STATS_DIR',
  'STATS_UPDATE_INTERVAL_MS',
  'TENANT_RATE_LIMIT_PER_MINUTE',
  'UNVERIFIED_AFTER_SEC',
  'UNVERIFIED_POLICY',
  'VERIFIERS',
  'VERIFIER_QUORUM',
];

/** The same for a verifier, which asks them with every request. */
export const TAKEN_BY_VERIFIER: readonly ConfigKey[] = [
  ...TAKEN_AT_ONCE,
  'BODY_READ_MAX_BYTES',
  'BODY_READ_MAX_MS',
  'DEFAULT_CHECK_METHOD',
  'DEFAULT_DETECTION_PROFILE',
  'KEYWORD_READ_MAX_BYTES',
  'KEYWORD_READ_MAX_MS',
  'VERIFIER_AUTH_TOKEN',
];

/** Older names of keys above; taken with a notice. */
export const RENAMED_KEYS: Readonly<Record<string, ConfigKey>> = {
  API_PORT: 'HTTP_PORT',
  DASHBOARD_PORT: 'HTTP_PORT',
  DASHBOARD_BIND_ADDR: 'HTTP_BIND',
  DB_UPDATES_ENABLE: 'LEGACY_STATUS_PROJECTION_ENABLE',
  PEER_OFFLINE_LIMIT: 'VERIFIER_QUORUM',
  VERIFLIER_AUTH_TOKEN: 'VERIFIER_AUTH_TOKEN',
  // The last that is given counts.
  VERIFLIER_GRPC_PORT: 'VERIFIER_PORT',
  VERIFLIER_PORT: 'VERIFIER_PORT',
};

/** Variables of the environment whose names can only be ours. */
export const OUR_VARIABLES: readonly string[] = ['JETMON_DATA_DIR', 'JETMON_CONFIG', 'JETMON_PID_FILE'];

/** Together these say the same as DATABASE_URL, which wins over them. */
export const DB_KEYS = ['DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'] as const;

/** Keys of the system this one succeeds: accepted in the file, said to have no effect here. */
export const NO_EFFECT_KEYS: readonly string[] = [
  'ALERT_COOLDOWN_MINUTES',
  'AUTH_TOKEN',
  'BATCH_SIZE',
  'BUCKET_HEARTBEAT_GRACE_SEC',
  'BUCKET_NO_MAX',
  'BUCKET_NO_MIN',
  'BUCKET_TARGET',
  'BUCKET_TOTAL',
  'DATASET_SIZE',
  'DB_CONFIG_UPDATES_MIN',
  'DEBUG',
  'DEBUG_PORT',
  'DELIVERY_OWNER_HOST',
  'EMAIL_FROM',
  'EMAIL_TRANSPORT',
  'MIN_TIME_BETWEEN_ROUNDS_SEC',
  'NUM_TO_PROCESS',
  'PINNED_BUCKET_MAX',
  'PINNED_BUCKET_MIN',
  'SCHEDULER_ENGINE',
  'SMTP_HOST',
  'SMTP_PASSWORD',
  'SMTP_PORT',
  'SMTP_USERNAME',
  'SMTP_USE_TLS',
  'SQL_UPDATE_BATCH',
  'STREAMING_LEGACY_PROJECTION_INTERVAL_MIN',
  'TIME_BETWEEN_CHECKS_SEC',
  'TIME_BETWEEN_NOTICES_MIN',
  'TIMEOUT_FOR_REQUESTS_SEC',
  'USE_VARIABLE_CHECK_INTERVALS',
  'VERIFLIER_BATCH_SIZE',
  'WORKER_MAX_CHECKS',
  'WORKER_MAX_MEM_MB',
  'WPCOM_EMAIL_AUTH_TOKEN',
  'WPCOM_EMAIL_ENDPOINT',
  'WPCOM_NOTIFY_ENABLE',
];
