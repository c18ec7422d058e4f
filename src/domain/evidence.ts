import type { Timings } from './timings.ts';

/**
 * What a probe saw, in the shape that is stored with an event and printed by `--json`. Every string in it may come
 * from a stranger's server: bounded here, escaped wherever it is shown.
 */
export type Evidence = {
  url: string;
  method: 'GET' | 'HEAD';
  detection_profile: 'legacy' | 'simple_http' | 'full';
  redirect_policy: 'follow' | 'alert' | 'fail';
  /** Legacy error code 0 to 8 and the classes that follow from it (spec/03 sections 5.4 and 5.10). */
  error_code: number;
  failure_class: string;
  detector_class: string;
  /** Which keyword rule failed; null when none did. */
  keyword_rule: 'required' | 'forbidden' | null;
  /** One entry per request, the first URL first; redirects add entries. */
  hops: HopEvidence[];
  /** Where the redirects led; null when there were none. */
  final_url: string | null;
  /** Status of the last reply; null when none arrived. */
  http_code: number | null;
  /** What went wrong, by typed code; null when the probe got a whole reply. */
  error: ErrorEvidence | null;
  body: BodyEvidence | null;
  /** How often the probe was run again because a pause of ours made its result void. */
  voided_runs: number;
};

export type HopEvidence = {
  url: string;
  /** `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`; null when no reply arrived. */
  protocol: string | null;
  /** Status of this hop; null when no reply arrived. */
  http_code: number | null;
  /** Address the request went to; null when no connection was made. */
  address: string | null;
  /** Every address the name resolved to, in the order tried; of hops before the last perhaps only the first ones. */
  addresses: AddressEvidence[];
  dns: DnsEvidence | null;
  timings_ms: Timings;
  tls: TlsEvidence | null;
  /** Bounded reply headers, names in lower case, as they came. */
  headers: [name: string, value: string][];
};

export type AddressEvidence = {
  address: string;
  outcome: 'connected' | 'failed' | 'refused' | 'not_tried';
  /** Typed code of the failure, such as ECONNREFUSED. */
  error?: string;
};

/** Null for an address literal. */
export type DnsEvidence = {
  name: string;
  resolver: string;
  source: 'configured' | 'system';
  /** Null when the name resolved. */
  error_kind: 'nxdomain' | 'nodata' | 'servfail' | 'refused' | 'timeout' | 'resolver_error' | null;
};

export type TlsEvidence = {
  /** As OpenSSL names it: `TLSv1.3`. */
  version: string;
  /** Protocol version on the wire, as `0x0304`; null for a version without a known number. */
  version_code: string | null;
  cipher: string;
  alpn: string | null;
  /** What the server said of revocation by itself; `none` when it stapled nothing. */
  ocsp_staple: 'none' | 'good' | 'revoked' | 'unknown' | 'unreadable';
  /** OpenSSL verification error, such as CERT_HAS_EXPIRED; null when the chain and name verified. */
  verify_error: string | null;
  /** The leaf first, then the chain as the server sent it; at most 10. */
  certificates: CertificateEvidence[];
};

export type ErrorEvidence = {
  /** Where the probe stopped. */
  phase: 'guard' | 'dns' | 'tcp' | 'tls' | 'http' | 'body' | 'redirect' | 'prober';
  /** Typed code: a system, resolver, OpenSSL or own code. Never a message. */
  code: string;
  /** Bounded words for people; never used to decide anything. */
  detail: string;
};

export type CertificateEvidence = {
  subject: string;
  issuer: string;
  /** Names the certificate is good for; at most 100. */
  names: string[];
  /** ISO 8601 instants. */
  not_before: string;
  not_after: string;
  serial: string;
  fingerprint_sha256: string;
  /** Key type and size as Node names them, such as "ec P-256" or "rsa 2048". */
  key: string;
  /** As OpenSSL names it, such as `ecdsa-with-SHA256`; null where this Node cannot tell. */
  signature: string | null;
};

export type BodyEvidence = {
  mode: 'strict_finite' | 'success_budgeted' | 'keyword' | 'error_excerpt' | 'skipped';
  bytes_read: number;
  limit_bytes: number;
  expected_bytes?: number;
  complete: boolean;
  stopped_by: 'byte_budget' | 'time_budget' | 'ratio' | 'found' | null;
  encoding: string;
  /** SHA-256 of what was read, after decoding, in hex; null when it was not kept. */
  sha256: string | null;
  /** The first bytes of an error page, control characters escaped; null for any other body. */
  excerpt: string | null;
};
