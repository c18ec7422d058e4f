/** Does the URL answer as a healthy page should? Covers the whole way there: DNS, TCP, TLS, redirects, reply, body. */
import { formatExpectedStatus, isExpected } from '../../domain/probe-plan.ts';
import { namesOf } from '../../wire/certificate.ts';
import { portOf } from '../../wire/egress-guard.ts';
import type { BodySearch, Exchange, GuardCode, WireFailure } from '../../wire/exchange.ts';
import type { Check, Found } from '../check.ts';
import { failedKeywordRule, hitDeadline, isVoid, lastHop, MAX_REDIRECTS, type Visit } from '../visit.ts';
import { HTTP_FINDINGS, type HttpReason } from './http.findings.ts';

export const http: Check<HttpReason> = {
  type: 'http',
  layer: 'application',
  title: 'HTTP',
  findings: HTTP_FINDINGS,
  judge(visit) {
    const hop = lastHop(visit);
    const reason = reasonOf(visit, hop);
    // A healthy site gets no more than its sentence needs.
    if (reason === 'ok') return { reason, details: healthyDetails(hop.reply?.status ?? 0, timedMs(visit)) };
    const found: Found<HttpReason> = { reason, details: factsOf(visit, hop) };
    if (isOfThisName(hop) && reason !== 'monitor_stalled') found.othersCanTell = 'name';
    return found;
  },
};

/**
 * The resolver does not find out about this name, and did about others. A refusal is a rule of the resolver, and says
 * nothing of the name.
 */
function isOfThisName({ failure }: Exchange): boolean {
  if (failure?.phase !== 'dns' || failure.resolver?.answersOthers !== true) return false;
  return failure.code === 'SERVFAIL' || failure.code === 'TIMEOUT';
}

/** What a pause of ours fell into was not timed. */
function timedMs({ totalMs, pausedMs }: Visit): number | undefined {
  return pausedMs > 0 ? undefined : totalMs;
}

/** The facts of a healthy answer, as they are told on both sides of the thread border. */
export function healthyDetails(code: number, totalMs: number | undefined): Found['details'] {
  if (totalMs === undefined) return { code, took: '' };
  const ms = Math.round(totalMs);
  return { code, ms, took: ` in ${ms} ms` };
}

function reasonOf(visit: Visit, hop: Exchange): HttpReason {
  if (hop.failure !== null) return isVoid(visit) ? 'monitor_stalled' : reasonOfFailure(hop.failure, hop);
  if (visit.redirectTrouble !== null) return REDIRECT_REASONS[visit.redirectTrouble.kind];
  const status = hop.reply?.status ?? 0;
  if (!isExpected(status, visit.plan)) return reasonOfStatus(status);
  const search = hop.reply?.body.search ?? null;
  return search === null ? 'ok' : reasonOfSearch(visit, search);
}

/** Required before forbidden (spec/03 section 5.7). A text that was not read to its end is not known to lack a word. */
function reasonOfSearch(visit: Visit, search: BodySearch): HttpReason {
  if (search.outcome !== 'searched') return 'keyword_unreadable';
  const rule = failedKeywordRule(visit);
  if (rule === 'required') return 'keyword_missing';
  if (rule === 'forbidden') return 'keyword_forbidden';
  return search.isRequiredMissing ? 'keyword_not_reached' : 'ok';
}

const REDIRECT_REASONS = {
  loop: 'redirect_loop',
  too_many: 'redirect_too_many',
  bad_location: 'redirect_bad_location',
  no_location: 'redirect_no_location',
  forbidden: 'redirect_forbidden',
} as const satisfies Record<string, HttpReason>;

/** Of a status that is not among those expected. */
function reasonOfStatus(status: number): HttpReason {
  if (status >= 500) return 'http_server_error';
  if (status === 429) return 'http_rate_limited';
  if (status === 401 || status === 403) return 'http_forbidden';
  return status >= 400 ? 'http_client_error' : 'unexpected_status';
}

function reasonOfFailure(failure: WireFailure, { tls }: Exchange): HttpReason {
  if (OUR_NETWORK.has(failure.code)) return 'monitor_network';
  if (OUR_RESOURCES.has(failure.code)) return 'monitor_resources';
  switch (failure.phase) {
    case 'guard':
      if (failure.code === 'TARGET_BUSY') return 'monitor_busy';
      if (failure.code === 'PORT_REFUSED') return 'egress_port_refused';
      return failure.code === 'ADDRESS_REFUSED' ? 'egress_refused' : 'egress_forbidden';
    case 'dns':
      return DNS_REASONS[failure.code];
    case 'tcp':
      return TCP_REASONS[failure.code] ?? 'tcp_failed';
    case 'tls':
      return TLS_REASONS[failure.code] ?? (isCertificateFault(failure, tls) ? 'tls_untrusted' : 'tls_failed');
    case 'http':
      return HTTP_REASONS[failure.code] ?? 'http_no_reply';
    case 'body':
      return BODY_REASONS[failure.code] ?? 'body_truncated';
  }
}

/** OpenSSL has more reasons to refuse a certificate than Node has names for, and the handshake was done by then. */
function isCertificateFault({ code }: WireFailure, tls: Exchange['tls']): boolean {
  return tls?.certificate?.verifyError === code;
}

/** Errors that speak of this machine and are never evidence against a site (reliability.md 3.4). */
const OUR_NETWORK: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'ENETDOWN',
  'EACCES',
  'EPERM',
  'EINVAL',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
]);
const OUR_RESOURCES: ReadonlySet<string> = new Set([
  'DECODER_BUSY',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'OUT_OF_MEM',
]);

const DNS_REASONS = {
  NXDOMAIN: 'dns_nxdomain',
  NODATA: 'dns_no_address',
  SERVFAIL: 'dns_servfail',
  REFUSED: 'dns_refused',
  TIMEOUT: 'dns_timeout',
  BAD_REPLY: 'dns_failed',
  NO_RESOLVER: 'dns_no_resolver',
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
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls_not_spoken',
  DEADLINE: 'tls_timeout',
};

const HTTP_REASONS: Readonly<Record<string, HttpReason>> = {
  DEADLINE: 'http_timeout',
  NOT_HTTP: 'http_malformed',
  HEADERS_TOO_LARGE: 'http_malformed',
  TOO_MANY_INTERIM: 'http_malformed',
  BAD_FRAMING: 'http_malformed',
  H2_PROTOCOL: 'http_malformed',
};

const BODY_REASONS: Readonly<Record<string, HttpReason>> = {
  DEADLINE: 'body_timeout',
  TIME_BUDGET: 'keyword_timeout',
  BAD_CHUNKING: 'body_malformed',
  H2_PROTOCOL: 'body_malformed',
};

/** Says which rule refused, never which address: what a name resolves to in here is nobody else's business. */
const GUARD_WORDS: Readonly<Record<GuardCode, string>> = {
  ADDRESS_REFUSED: 'it is not on the public internet',
  OWN_LISTENER: 'that is the monitor itself',
  METADATA_ADDRESS: 'it is a metadata service',
  PORT_REFUSED: 'the port belongs to another protocol',
  TARGET_BUSY: 'too many probes wait for their turn there',
  SCHEME_REFUSED: 'it is neither http nor https',
  USERINFO_REFUSED: 'the URL carries a user name or password',
  HOST_INVALID: 'the host name is not valid',
  PEER_MISMATCH: 'the connection ended at another address than the one that was checked',
};

/** How long the site itself had: a time-out is told as it is set, however long a pause of ours made it. */
function ownMs(visit: Visit): number {
  const { failure } = lastHop(visit);
  const oursMs = failure !== null && hitDeadline(failure) ? (visit.givenBackMs ?? 0) : visit.pausedMs;
  return Math.max(0, visit.totalMs - oursMs);
}

type Facts = Record<string, string | number | boolean>;

/** What the sentences of failures speak of. */
function factsOf(visit: Visit, hop: Exchange): Found['details'] & Facts {
  const url = new URL(hop.url);
  const tried = hop.addresses.filter((attempt) => attempt.outcome === 'failed').map((attempt) => attempt.address);
  const facts: Facts = {
    host: url.hostname,
    port: portOf(url),
    address: hop.address ?? tried[0] ?? url.hostname,
    ms: Math.round(isVoid(visit) ? visit.pausedMs : visit.totalMs),
    seconds: Math.round(ownMs(visit) / 100) / 10,
    bytes: hop.reply?.body.bytesRead ?? 0,
    code: hop.failure?.code ?? hop.reply?.status ?? 0,
  };
  if (hop.failure?.phase === 'guard') facts['why'] = GUARD_WORDS[hop.failure.code];
  if (hop.failure?.phase === 'dns') facts['resolver'] = hop.failure.resolver?.name ?? 'no resolver';
  return { ...facts, ...redirectFacts(visit), ...pageFacts(visit, hop), ...certificateFacts(hop) };
}

function redirectFacts({ redirectTrouble }: Visit): Facts {
  if (redirectTrouble === null) return {};
  return { location: redirectTrouble.location.slice(0, MAX_SHOWN), limit: MAX_REDIRECTS };
}

const MAX_SHOWN = 200;

function pageFacts({ plan }: Visit, hop: Exchange): Facts {
  const facts: Facts = {};
  if (plan.expectedStatus !== null) facts['expected'] = formatExpectedStatus(plan.expectedStatus);
  if (plan.keyword !== null) facts['keyword'] = plan.keyword.slice(0, MAX_SHOWN);
  const body = hop.reply?.body;
  if (body !== undefined) facts['encoding'] = body.encoding.slice(0, MAX_SHOWN);
  if (body?.search?.outcome === 'searched') {
    facts['searched'] = body.search.bytesSearched;
    const { forbiddenFound } = body.search;
    if (forbiddenFound !== null)
      facts['forbidden'] = (plan.forbiddenKeywords[forbiddenFound] ?? '').slice(0, MAX_SHOWN);
  }
  return facts;
}

function certificateFacts({ tls }: Exchange): Facts {
  const certificate = tls?.certificate ?? null;
  if (certificate === null) return {};
  const { leaf, notBeforeMs, notAfterMs } = certificate;
  const names = namesOf(leaf).slice(0, 3).join(', ') || (leaf.subject ?? '').split('\n').join(', ');
  return { not_before: dayOf(notBeforeMs), not_after: dayOf(notAfterMs), names: names.slice(0, MAX_SHOWN) };
}

function dayOf(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString().slice(0, 10) : 'an unreadable date';
}
