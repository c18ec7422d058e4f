/** Does the URL answer as a healthy page should? Covers the whole way there: DNS, TCP, TLS, redirects, reply, body. */
import { portOf } from '../../wire/egress-guard.ts';
import type { Exchange, GuardCode, WireFailure } from '../../wire/exchange.ts';
import type { Check, Found } from '../check.ts';
import { lastHop, MAX_REDIRECTS, type Visit } from '../visit.ts';
import { HTTP_FINDINGS, type HttpReason } from './http.findings.ts';

export const http: Check<HttpReason> = {
  type: 'http',
  layer: 'application',
  title: 'HTTP',
  findings: HTTP_FINDINGS,
  judge(visit) {
    const hop = lastHop(visit);
    const details = factsOf(visit, hop);
    if (hop.failure !== null) {
      if (!isDoubtful(hop.failure, visit)) return { reason: reasonOfFailure(hop.failure), details };
      return { reason: 'monitor_stalled', details: { ...details, ms: Math.round(visit.pausedMs) } };
    }
    if (visit.redirectTrouble !== null) {
      details['location'] = visit.redirectTrouble.location.slice(0, 200);
      details['limit'] = MAX_REDIRECTS;
      return { reason: REDIRECT_REASONS[visit.redirectTrouble.kind], details };
    }
    const status = hop.reply?.status ?? 0;
    details['code'] = status;
    return { reason: reasonOfStatus(status), details };
  },
};

/** A pause of ours makes a time-out false when it is this part of the visit or more; a shorter one explains none. */
const DOUBTFUL_SHARE = 0.1;

/** A time-out proves nothing when we did not run; what was said to us stands. */
function isDoubtful({ phase, code }: WireFailure, { pausedMs, totalMs }: Visit): boolean {
  const isTimeout = code === 'DEADLINE' || (phase === 'dns' && code === 'TIMEOUT');
  return isTimeout && pausedMs > 0 && pausedMs >= totalMs * DOUBTFUL_SHARE;
}

const REDIRECT_REASONS = {
  loop: 'redirect_loop',
  too_many: 'redirect_too_many',
  bad_location: 'redirect_bad_location',
} as const satisfies Record<string, HttpReason>;

/** Success is 1 to 399 (spec/03 section 5.4). */
function reasonOfStatus(status: number): HttpReason {
  if (status > 0 && status < 400) return 'ok';
  if (status >= 500) return 'http_server_error';
  if (status === 429) return 'http_rate_limited';
  if (status === 401 || status === 403) return 'http_forbidden';
  return status >= 400 ? 'http_client_error' : 'http_malformed';
}

function reasonOfFailure(failure: WireFailure): HttpReason {
  if (OUR_NETWORK.has(failure.code)) return 'monitor_network';
  if (OUR_RESOURCES.has(failure.code)) return 'monitor_resources';
  switch (failure.phase) {
    case 'guard':
      return failure.code === 'ADDRESS_REFUSED' || failure.code === 'PORT_REFUSED'
        ? 'egress_refused'
        : 'egress_forbidden';
    case 'dns':
      return DNS_REASONS[failure.code];
    case 'tcp':
      return TCP_REASONS[failure.code] ?? 'tcp_failed';
    case 'tls':
      return TLS_REASONS[failure.code] ?? 'tls_failed';
    case 'http':
      return HTTP_REASONS[failure.code] ?? 'http_no_reply';
    case 'body':
      return BODY_REASONS[failure.code] ?? 'body_truncated';
  }
}

/** Errors that speak of this machine and are never evidence against a site (reliability.md 3.4). */
const OUR_NETWORK: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'ENETDOWN',
  'EACCES',
  'EPERM',
  'EINVAL',
  'EADDRNOTAVAIL',
]);
const OUR_RESOURCES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

const DNS_REASONS = {
  NXDOMAIN: 'dns_nxdomain',
  NODATA: 'dns_no_address',
  SERVFAIL: 'dns_servfail',
  REFUSED: 'dns_refused',
  TIMEOUT: 'dns_timeout',
  BAD_REPLY: 'dns_failed',
  NO_RESOLVER: 'dns_failed',
  LOCAL_FAILURE: 'dns_failed',
} as const satisfies Record<string, HttpReason>;

const TCP_REASONS: Readonly<Record<string, HttpReason>> = {
  ECONNREFUSED: 'tcp_refused',
  ECONNRESET: 'tcp_reset',
  DEADLINE: 'tcp_timeout',
  ETIMEDOUT: 'tcp_timeout',
  EHOSTUNREACH: 'tcp_unreachable',
  EHOSTDOWN: 'tcp_unreachable',
};

const TLS_REASONS: Readonly<Record<string, HttpReason>> = {
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_not_yet_valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_wrong_host',
  HOSTNAME_MISMATCH: 'tls_wrong_host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_untrusted',
  CERT_UNTRUSTED: 'tls_untrusted',
  CERT_REJECTED: 'tls_untrusted',
  CERT_SIGNATURE_FAILURE: 'tls_untrusted',
  INVALID_CA: 'tls_untrusted',
  INVALID_PURPOSE: 'tls_untrusted',
  CERT_CHAIN_TOO_LONG: 'tls_untrusted',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'tls_untrusted',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'tls_untrusted',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls_not_spoken',
  DEADLINE: 'tls_timeout',
};

const HTTP_REASONS: Readonly<Record<string, HttpReason>> = {
  DEADLINE: 'http_timeout',
  NOT_HTTP: 'http_malformed',
  HEADERS_TOO_LARGE: 'http_malformed',
  TOO_MANY_INTERIM: 'http_malformed',
  BAD_FRAMING: 'http_malformed',
};

const BODY_REASONS: Readonly<Record<string, HttpReason>> = {
  DEADLINE: 'body_timeout',
  BAD_CHUNKING: 'body_malformed',
};

/** Says which rule refused, never which address: what a name resolves to in here is nobody else's business. */
const GUARD_WORDS: Readonly<Record<GuardCode, string>> = {
  ADDRESS_REFUSED: 'it is not on the public internet',
  OWN_LISTENER: 'that is the monitor itself',
  METADATA_ADDRESS: 'it is a metadata service',
  PORT_REFUSED: 'the port belongs to another protocol',
  SCHEME_REFUSED: 'it is neither http nor https',
  USERINFO_REFUSED: 'the URL carries a user name or password',
  HOST_INVALID: 'the host name is not valid',
  PEER_MISMATCH: 'the connection ended at another address than the one that was checked',
};

function factsOf(visit: Visit, hop: Exchange): Found['details'] & Record<string, string | number | boolean> {
  const url = new URL(hop.url);
  const leaf = hop.tls?.certificate ?? null;
  const tried = hop.addresses.filter((attempt) => attempt.outcome === 'failed').map((attempt) => attempt.address);
  const facts: Record<string, string | number | boolean> = {
    host: url.hostname,
    port: portOf(url),
    address: hop.address ?? tried[0] ?? url.hostname,
    ms: Math.round(visit.totalMs),
    seconds: Math.round(visit.totalMs / 100) / 10,
    bytes: hop.reply?.body.bytesRead ?? 0,
  };
  if (hop.failure !== null) facts['code'] = hop.failure.code;
  if (hop.failure?.phase === 'guard') facts['why'] = GUARD_WORDS[hop.failure.code];
  if (leaf !== null) {
    facts['not_before'] = dayOf(leaf.notBeforeMs);
    facts['not_after'] = dayOf(leaf.notAfterMs);
    facts['names'] = leaf.names.slice(0, 3).join(', ') || leaf.subject;
  }
  return facts;
}

function dayOf(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString().slice(0, 10) : 'an unreadable date';
}
