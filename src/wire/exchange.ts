/**
 * One HTTP/1.1 exchange on a fresh connection: resolve, guard, dial, TLS, request, reply. Redirects, retries and
 * judgement belong to the checks. It resolves for anything a server does and rejects only on a bug of ours.
 */

export type ExchangeRequest = {
  /** Parsed by the WHATWG URL parser; http or https. */
  url: URL;
  method: 'GET' | 'HEAD';
  /** Absolute deadline on the monotonic clock, ms. */
  deadlineMs: number;
  /** How far a reply body is read (spec/03 section 5.6). */
  body: BodyLimits;
};

export type BodyLimits = {
  maxBytes: number;
  /** Time budget for bodies of unknown or larger length, ms; reaching it is no failure. */
  maxMs: number;
};

export type Exchange = {
  url: string;
  /** Every address found, in the order tried. */
  addresses: AddressAttempt[];
  /** The address the request went to; null when no connection was made. */
  address: string | null;
  /** Milliseconds per finished phase; an unfinished phase is absent. */
  timings: { dns?: number; tcp?: number; tls?: number; ttfb?: number; body?: number; total: number };
  tls: TlsSession | null;
  /** Present as soon as a whole header block arrived, whatever happened after. */
  reply: Reply | null;
  /** Why the exchange did not end well; null when it did. */
  failure: WireFailure | null;
};

export type AddressAttempt = {
  address: string;
  outcome: 'connected' | 'failed' | 'not_tried';
  error?: string;
};

export type TlsSession = {
  /** As OpenSSL names them: `TLSv1.3`, `TLS_AES_128_GCM_SHA256`. */
  version: string;
  cipher: string;
  certificate: LeafCertificate | null;
};

export type LeafCertificate = {
  subject: string;
  issuer: string;
  names: string[];
  notBeforeMs: number;
  notAfterMs: number;
  fingerprintSha256: string;
  key: string;
  /** OpenSSL's X.509 verification code, or ERR_TLS_CERT_ALTNAME_INVALID; null when chain and name verified. */
  verifyError: string | null;
};

export type Reply = {
  status: number;
  /** At most 200 fields and 32 KiB; names in lower case, values bounded to 2 KiB (`location`: see `MAX_LOCATION_LENGTH`). */
  headers: [name: string, value: string][];
  body: BodyRead;
};

export type BodyRead = {
  /** `strict_finite`: known length within the limit. `success_budgeted`: unknown or larger. `skipped`: not read. */
  mode: 'strict_finite' | 'success_budgeted' | 'skipped';
  bytesRead: number;
  limitBytes: number;
  expectedBytes?: number;
  /** True when the end of the body was seen. False is no failure when a budget was reached. */
  complete: boolean;
};

/** Where an exchange stopped and why, by typed code only. */
export type WireFailure =
  /** URL or address refused by the egress guard before a byte was sent. Ours, never the site's. */
  | { phase: 'guard'; code: GuardCode; detail: string }
  | { phase: 'dns'; code: DnsCode; detail: string; resolver: string | null }
  /** `code` is a system code such as ECONNREFUSED, or DEADLINE. */
  | { phase: 'tcp'; code: string; detail: string }
  /** `code` is an OpenSSL or X.509 code such as CERT_HAS_EXPIRED, a system code, or DEADLINE. */
  | { phase: 'tls'; code: string; detail: string }
  | { phase: 'http'; code: HttpCode | string; detail: string }
  | { phase: 'body'; code: BodyCode | string; detail: string };

export type GuardCode =
  | 'ADDRESS_REFUSED'
  | 'OWN_LISTENER'
  | 'METADATA_ADDRESS'
  | 'PORT_REFUSED'
  | 'SCHEME_REFUSED'
  | 'USERINFO_REFUSED'
  | 'HOST_INVALID'
  | 'PEER_MISMATCH';

/** NXDOMAIN, NODATA, SERVFAIL and REFUSED are the resolver's words; NO_RESOLVER and LOCAL_FAILURE are our trouble. */
export type DnsCode =
  | 'NXDOMAIN'
  | 'NODATA'
  | 'SERVFAIL'
  | 'REFUSED'
  | 'TIMEOUT'
  | 'BAD_REPLY'
  | 'NO_RESOLVER'
  | 'LOCAL_FAILURE';

export type HttpCode =
  | 'DEADLINE'
  | 'CLOSED_BEFORE_REPLY'
  | 'NOT_HTTP'
  | 'HEADERS_TOO_LARGE'
  | 'TOO_MANY_INTERIM'
  | 'BAD_FRAMING';

export type BodyCode = 'DEADLINE' | 'TRUNCATED' | 'BAD_CHUNKING';
