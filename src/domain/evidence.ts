import type { Timings } from './timings.ts';

/**
 * What a probe saw, in the shape that is stored with an event and printed by `--json`. Every string in it may come
 * from a stranger's server: bounded here, escaped wherever it is shown.
 */
export type Evidence = {
  url: string;
  method: 'GET' | 'HEAD';
  /** One entry per request, the first URL first; redirects add entries. */
  hops: HopEvidence[];
  /** Status of the last reply; null when none arrived. */
  http_code: number | null;
  /** What went wrong, by typed code; null when the probe got a whole reply. */
  error: ErrorEvidence | null;
  certificate: CertificateEvidence | null;
  body: BodyEvidence | null;
};

export type HopEvidence = {
  url: string;
  /** Status of this hop; null when no reply arrived. */
  http_code: number | null;
  /** Address the request went to; null when no connection was made. */
  address: string | null;
  /** Every address the name resolved to, in the order tried. */
  addresses: AddressEvidence[];
  timings_ms: Timings;
  tls: { version: string; cipher: string } | null;
  /** Bounded reply headers, names in lower case, as they came. */
  headers: [name: string, value: string][];
};

export type AddressEvidence = {
  address: string;
  outcome: 'connected' | 'failed' | 'not_tried';
  /** Typed code of the failure, such as ECONNREFUSED. */
  error?: string;
};

export type ErrorEvidence = {
  /** Where the probe stopped. */
  phase: 'url' | 'guard' | 'dns' | 'tcp' | 'tls' | 'http' | 'body' | 'redirect' | 'prober';
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
  fingerprint_sha256: string;
  /** Key type and size as Node names them, such as "ec P-256" or "rsa 2048". */
  key: string;
  /** OpenSSL verification error, such as CERT_HAS_EXPIRED; null when the chain and name verified. */
  verify_error: string | null;
};

export type BodyEvidence = {
  mode: 'strict_finite' | 'success_budgeted' | 'skipped';
  bytes_read: number;
  limit_bytes: number;
  expected_bytes?: number;
};
