/**
 * What goes into one HTTP exchange on a fresh connection, and what comes of it: resolve, guard, dial, TLS, request,
 * reply. Redirects, retries and judgement belong to the checks.
 */

import type { X509Certificate } from 'node:crypto';
import type { Precedence } from './network-gate.ts';

export type ExchangeRequest = {
  /** Parsed by the WHATWG URL parser; http or https. */
  url: URL;
  method: 'GET' | 'HEAD';
  /** Further header fields; a User-Agent among them replaces ours. Put to `assertHeaders` when the request is built. */
  headers: readonly HeaderField[];
  deadline: Deadline;
  /** How far a reply body is read, and what is looked for in it (spec/03 sections 5.6 and 5.7). */
  body: BodyWanted;
  /** What a status means to the asker: bodies of successes are read, of errors an excerpt, of redirects nothing. */
  meaningOf: (status: number) => StatusMeaning;
  /** Keep the whole certificate chain, whatever comes; otherwise it is kept when the exchange does not end well. */
  wantsChain: boolean;
  /** Offer HTTP/2 by ALPN; plain http and servers that do not choose it speak HTTP/1.1. */
  http2: boolean;
  /** Where connections to one network are few. */
  precedence?: Precedence;
};

/** When the time of an exchange is over; asked again when it seems to be, because it may have moved meanwhile. */
export interface Deadline {
  /** On the monotonic clock, ms. */
  atMs(): number;
}

export type StatusMeaning = 'success' | 'redirect' | 'error';

export type HeaderField = readonly [name: string, value: string];

export type BodyWanted = {
  /** Bytes that are read when nothing is looked for. 0 reads no body. */
  maxBytes: number;
  /** Time budget for bodies of unknown or larger length, ms; reaching it is no failure. */
  maxMs: number;
  /** What is looked for in the text; null for nothing. */
  rules: BodyRules | null;
  /** Bytes of text, after decoding, that are searched. */
  rulesMaxBytes: number;
  /** Time budget of the search, ms; 0 leaves it to the deadline. Reaching it is a time-out. */
  rulesMaxMs: number;
  /** Hash the body even where nobody but a reader of evidence will ask. */
  hash: boolean;
};

/** Case-sensitive byte strings, UTF-8 (spec/03 section 5.7). */
export type BodyRules = {
  required: Buffer | null;
  forbidden: readonly Buffer[];
};

export type Exchange = {
  url: string;
  /** Every address found, in the order tried. */
  addresses: AddressAttempt[];
  /** The address the request went to; null when no connection was made. */
  address: string | null;
  /** Who answered for the name; null for an address literal, and when nobody was asked. */
  resolver: ResolverAsked | null;
  /** Milliseconds per finished phase, as in `Timings`; an unfinished phase is absent. */
  timings: {
    dns?: number;
    tcp?: number;
    tls?: number;
    sent?: number;
    ttfb?: number;
    headers?: number;
    body?: number;
    total: number;
  };
  /** Time spent waiting for a limit of our own, ms; no part of the timings, and the deadline moves with it. */
  waitedMs: number;
  tls: TlsSession | null;
  /** Present as soon as a whole header block arrived, whatever happened after. */
  reply: Reply | null;
  /** Why the exchange did not end well; null when it did. */
  failure: WireFailure | null;
};

export type AddressAttempt = {
  address: string;
  /** `refused`: the egress guard does not let us go there. */
  outcome: 'connected' | 'failed' | 'refused' | 'not_tried';
  error?: string;
};

export type ResolverAsked = {
  /** `address:port` of the resolvers that were asked, as one text, ` (cache)` behind it when that was earlier; or `hosts file`. */
  name: string;
  /** Whether CHECK_DNS_RESOLVERS or the machine named them. */
  source: 'configured' | 'system';
  /** Of a failure: within the last two minutes one of them had a real answer about another name. */
  answersOthers?: true;
};

export type TlsSession = {
  /** As OpenSSL names them: `TLSv1.3`, `TLS_AES_128_GCM_SHA256`. */
  version: string;
  cipher: string;
  /** Protocol chosen by ALPN: `h2`, `http/1.1`; null when the server chose none. */
  alpn: string | null;
  /** The OCSP response that was stapled, DER; null when there was none. */
  ocspStaple: Buffer | null;
  /** Null when the server showed none. */
  certificate: PeerCertificate | null;
};

/** What every check needs of a certificate is read at once, the rest only for evidence (see `certificate.ts`). */
export type PeerCertificate = {
  notBeforeMs: number;
  notAfterMs: number;
  /** OpenSSL's X.509 verification code, or ERR_TLS_CERT_ALTNAME_INVALID; null when chain and name verified. */
  verifyError: string | null;
  readonly leaf: X509Certificate;
  /** What stands above it, from its issuer up: as the server sent it, or as it was when this leaf was read. */
  readonly issuers: readonly X509Certificate[];
};

export type Reply = {
  /** The version the server spoke. */
  protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  status: number;
  /** At most 200 fields and 32 KiB; names in lower case, values bounded to 2 KiB (`location`: see `MAX_LOCATION_LENGTH`). */
  headers: [name: string, value: string][];
  body: BodyRead;
};

/**
 * How far the body was read (spec/03 section 5.6). `strict_finite`: known length within the limit, read to its end.
 * `success_budgeted`: unknown or larger length, read within budgets. `keyword`: searched. `error_excerpt`: the first
 * bytes of an error page, as evidence. `skipped`: not read.
 */
export type BodyMode = 'strict_finite' | 'success_budgeted' | 'keyword' | 'error_excerpt' | 'skipped';

export type BodyRead = {
  mode: BodyMode;
  /** Bytes as they came, without chunk framing, before decoding. */
  bytesRead: number;
  limitBytes: number;
  /** The length that was announced. */
  expectedBytes?: number;
  /** True when the end of the body was seen. False is no failure when a budget was reached. */
  complete: boolean;
  /** Why reading stopped before the end although nothing failed. `found`: an endless one holds what is looked for. */
  stoppedBy: 'byte_budget' | 'time_budget' | 'ratio' | 'found' | null;
  /** Content-Encoding of the reply in lower case; `identity` when it named none. */
  encoding: string;
  /** What the search found; null when nothing was looked for. */
  search: BodySearch | null;
  /** The first bytes of an error page, at most 1 KiB, as UTF-8 where it is that, else as latin1; null for any other body. */
  excerpt: string | null;
  /** SHA-256 of what was read, in hex, after decoding; null when the body was not kept for it. */
  sha256(): string | null;
};

export type BodySearch =
  | { outcome: 'searched'; isRequiredMissing: boolean; forbiddenFound: number | null; bytesSearched: number }
  /** The text could not be read: an encoding we did not ask for, or one that broke. */
  | { outcome: 'unsupported_encoding' | 'broken_encoding' };

/** Where an exchange stopped and why, by typed code only. */
export type WireFailure =
  /** URL or address refused by the egress guard before a byte was sent. Ours, never the site's. */
  | { phase: 'guard'; code: GuardCode; detail: string }
  /** `atDeadline`: a TIMEOUT because the time of the check was over, and not that of the questions. */
  | { phase: 'dns'; code: DnsCode; detail: string; resolver: ResolverAsked | null; atDeadline?: true }
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
  | 'PEER_MISMATCH'
  /** Our own limit on connections to this target left no room for too long. */
  | 'TARGET_BUSY';

/**
 * NXDOMAIN, NODATA, SERVFAIL and REFUSED are the resolver's words. TIMEOUT: a resolver that answers others was silent
 * about this name. NO_RESOLVER (all of ours are silent) and LOCAL_FAILURE are our trouble.
 */
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
  | 'BAD_FRAMING'
  /** HTTP/2: the server broke the protocol, refused the stream, or went away. */
  | 'H2_PROTOCOL'
  | 'H2_REFUSED_STREAM'
  | 'H2_GOAWAY';

/**
 * TIME_BUDGET: the search was not done within its own budget. DECODER_BUSY: all had come, but we did not decode it in
 * time; our trouble.
 */
export type BodyCode = 'DEADLINE' | 'TIME_BUDGET' | 'DECODER_BUSY' | 'TRUNCATED' | 'BAD_CHUNKING';
