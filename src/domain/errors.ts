/** Every refusal and failure a person or program can meet, by stable code: the one catalogue. */

/** What kind of trouble it is; each transport maps this once (HTTP status, exit code). */
export type ErrorKind =
  | 'bad_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'unprocessable'
  | 'too_large'
  | 'headers_too_large'
  | 'too_slow'
  | 'unsupported_media'
  | 'too_many'
  | 'unavailable'
  | 'internal'
  | 'usage';

export const ERROR_CODES = {
  // requests
  invalid_request: 'bad_request',
  headers_too_large: 'headers_too_large',
  request_timeout: 'too_slow',
  invalid_body: 'bad_request',
  invalid_url: 'bad_request',
  invalid_blog_id: 'bad_request',
  invalid_site_id: 'bad_request',
  invalid_event_id: 'bad_request',
  invalid_endpoint_id: 'bad_request',
  invalid_check_id: 'bad_request',
  invalid_window_id: 'bad_request',
  invalid_window: 'bad_request',
  invalid_limit: 'bad_request',
  invalid_cursor: 'bad_request',
  invalid_filter: 'bad_request',
  invalid_state_filter: 'bad_request',
  invalid_severity: 'bad_request',
  invalid_monitor_active: 'bad_request',
  invalid_include_cli_metadata: 'bad_request',
  invalid_active: 'bad_request',
  invalid_started_at__gte: 'bad_request',
  invalid_started_at__lt: 'bad_request',
  invalid_field: 'unprocessable',
  invalid_redirect_policy: 'unprocessable',
  invalid_custom_headers: 'unprocessable',
  invalid_idempotency_key: 'bad_request',
  idempotency_conflict: 'conflict',
  idempotency_in_progress: 'conflict',
  idempotency_already_done: 'conflict',
  too_many_idempotency_keys: 'too_many',
  body_too_large: 'too_large',
  unsupported_encoding: 'unsupported_media',
  // identity
  missing_token: 'unauthenticated',
  invalid_token: 'unauthenticated',
  token_revoked: 'unauthenticated',
  token_expired: 'unauthenticated',
  insufficient_scope: 'forbidden',
  operator_only: 'forbidden',
  forbidden_gateway_context: 'forbidden',
  invalid_gateway_context: 'bad_request',
  rate_limited: 'too_many',
  // resources
  site_not_found: 'not_found',
  event_not_found: 'not_found',
  endpoint_not_found: 'not_found',
  site_endpoint_not_found: 'not_found',
  check_not_found: 'not_found',
  window_not_found: 'not_found',
  key_not_found: 'not_found',
  key_not_active: 'conflict',
  method_not_allowed: 'method_not_allowed',
  site_exists: 'conflict',
  too_many_endpoints: 'conflict',
  check_exists: 'conflict',
  too_many_streams: 'unavailable',
  too_many_looks: 'unavailable',
  event_not_closable: 'conflict',
  // starting and running
  invalid_config: 'usage',
  invalid_arguments: 'usage',
  data_dir_unusable: 'usage',
  data_dir_locked: 'usage',
  database_locked: 'usage',
  database_unusable: 'usage',
  database_newer: 'usage',
  database_unsupported: 'usage',
  database_missing: 'usage',
  database_older: 'usage',
  copy_failed: 'usage',
  port_unusable: 'usage',
  pid_file_unusable: 'usage',
  process_unusable: 'usage',
  server_unreachable: 'usage',
  server_not_running: 'unavailable',
  db_unavailable: 'unavailable',
  store_overloaded: 'unavailable',
  internal: 'internal',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/**
 * A refusal or failure. The message names the thing and the cause in one sentence, `fix` says what to do about it;
 * both are safe to show to whoever asked.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fix: string | null;
  /** Small public facts for programs, such as the id of the site that exists already. */
  readonly details: Readonly<Record<string, unknown>>;
  /** When it is worth trying again; null: nothing is known of that. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { fix?: string; details?: Record<string, unknown>; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fix = options.fix ?? null;
    this.details = options.details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code];
  }
}
