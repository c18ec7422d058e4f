/** A visit in the shape that is stored and shown: everything that was seen, bounded. */
import type { BodyEvidence, CertificateEvidence, DnsEvidence, Evidence, HopEvidence } from '../domain/evidence.ts';
import { legacyClasses } from '../domain/legacy-codes.ts';
import { isExpected } from '../domain/probe-plan.ts';
import { rounded, type Timings } from '../domain/timings.ts';
import { escapeControl } from '../lib/escape.ts';
import { type CertificateDescription, describeChain } from '../wire/certificate.ts';
import type { DnsCode, Exchange, Reply, TlsSession } from '../wire/exchange.ts';
import { ocspStatus } from '../wire/ocsp-staple.ts';
import { isDeprecatedTls, TLS_VERSION_CODES } from './tls-versions.ts';
import { failedKeywordRule, isTimeout, lastHop, type Visit } from './visit.ts';

/** A URL a server sent us to may be as long as a header; as evidence its start tells enough. */
const MAX_URL_LENGTH = 2_048;
const MAX_DETAIL_LENGTH = 500;
const MAX_HEADER_CHARACTERS = 8_192;
const MAX_CHAIN_NAMES = 100;

export function evidenceOf(visit: Visit, nowMs: number): Evidence {
  const hop = lastHop(visit);
  const keywordRule = failedKeywordRule(visit);
  const classes = legacyClasses({
    phase: phaseOf(visit),
    isTimeout: hop.failure !== null && isTimeout(hop.failure),
    dnsKind: hop.failure?.phase === 'dns' ? DNS_KINDS[hop.failure.code] : null,
    httpCode: hop.reply?.status ?? null,
    isStatusGood: isExpected(hop.reply?.status ?? 0, visit.plan),
    keywordRule,
    isLeafExpired: (hop.tls?.certificate?.notAfterMs ?? Number.POSITIVE_INFINITY) < nowMs,
    isTlsDeprecated: visit.plan.profile === 'full' && isDeprecatedTls(hop.tls?.version),
  });
  return {
    url: visit.url,
    method: visit.plan.method,
    detection_profile: visit.plan.profile,
    redirect_policy: visit.plan.redirects,
    error_code: classes.errorCode,
    failure_class: classes.failureClass,
    detector_class: classes.detectorClass,
    keyword_rule: keywordRule,
    hops: visit.hops.map((one, index) => hopEvidence(one, index === visit.hops.length - 1, visit)),
    final_url: visit.hops.length > 1 ? hop.url.slice(0, MAX_URL_LENGTH) : null,
    http_code: hop.reply?.status ?? null,
    error: errorEvidence(visit),
    body: hop.reply === null ? null : bodyEvidence(hop.reply.body),
    voided_runs: visit.voidedRuns,
  };
}

/** The phases that a pause of ours falls into were not timed: we cannot tell which they are, so none is. */
export function timingsOf(hop: Exchange, totalMs: number, visit: Visit): Timings {
  return visit.pausedMs > 0 ? {} : { ...hop.timings, total: totalMs };
}

function phaseOf(visit: Visit): NonNullable<Evidence['error']>['phase'] | null {
  return lastHop(visit).failure?.phase ?? (visit.redirectTrouble === null ? null : 'redirect');
}

function hopEvidence(hop: Exchange, isLast: boolean, visit: Visit): HopEvidence {
  return {
    url: hop.url.slice(0, MAX_URL_LENGTH),
    protocol: hop.reply?.protocol ?? null,
    http_code: hop.reply?.status ?? null,
    address: hop.address,
    addresses: hop.addresses,
    dns: dnsEvidence(hop),
    timings_ms: rounded(timingsOf(hop, hop.timings.total, visit)),
    tls: hop.tls === null ? null : tlsEvidence(hop.tls, isLast),
    headers: bounded(hop.reply?.headers ?? []),
  };
}

/** As many fields as fit; they come bounded each, and a redirected visit has eleven times as many. */
function bounded(headers: Reply['headers']): Reply['headers'] {
  let left = MAX_HEADER_CHARACTERS;
  return headers.filter(([name, value]) => {
    left -= name.length + value.length;
    return left >= 0;
  });
}

const DNS_KINDS: Readonly<Record<DnsCode, NonNullable<DnsEvidence['error_kind']>>> = {
  NXDOMAIN: 'nxdomain',
  NODATA: 'nodata',
  SERVFAIL: 'servfail',
  REFUSED: 'refused',
  TIMEOUT: 'timeout',
  BAD_REPLY: 'resolver_error',
  NO_RESOLVER: 'resolver_error',
  LOCAL_FAILURE: 'resolver_error',
};

function dnsEvidence({ url, resolver, failure }: Exchange): DnsEvidence | null {
  if (resolver === null) return null;
  return {
    name: new URL(url).hostname,
    resolver: resolver.name,
    source: resolver.source,
    error_kind: failure?.phase === 'dns' ? DNS_KINDS[failure.code] : null,
  };
}

/** The chain of the last hop; of those before it the leaf says enough. */
function tlsEvidence(session: TlsSession, isLast: boolean): HopEvidence['tls'] {
  const { certificate } = session;
  const chain = certificate === null ? [] : describeChain(certificate.leaf);
  return {
    version: session.version,
    version_code: TLS_VERSION_CODES[session.version] ?? null,
    cipher: session.cipher,
    alpn: session.alpn,
    ocsp_staple: ocspStatus(session.ocspStaple),
    verify_error: certificate === null ? 'NO_PEER_CERTIFICATE' : certificate.verifyError,
    certificates: chainEvidence(isLast ? chain : chain.slice(0, 1)),
  };
}

/** The names of the whole chain share one bound: an authority may carry as many as a leaf. */
function chainEvidence(chain: readonly CertificateDescription[]): CertificateEvidence[] {
  let namesLeft = MAX_CHAIN_NAMES;
  return chain.map((one) => {
    const names = one.names.slice(0, namesLeft);
    namesLeft -= names.length;
    return {
      subject: one.subject,
      issuer: one.issuer,
      names,
      not_before: instantOf(one.notBeforeMs),
      not_after: instantOf(one.notAfterMs),
      serial: one.serial,
      fingerprint_sha256: one.fingerprintSha256,
      key: one.key,
      signature: one.signature,
    };
  });
}

function errorEvidence(visit: Visit): Evidence['error'] {
  const { failure } = lastHop(visit);
  if (failure !== null) {
    return { phase: failure.phase, code: failure.code, detail: failure.detail.slice(0, MAX_DETAIL_LENGTH) };
  }
  const trouble = visit.redirectTrouble;
  if (trouble === null) return null;
  return {
    phase: 'redirect',
    code: trouble.kind.toUpperCase(),
    detail: trouble.location.slice(0, MAX_DETAIL_LENGTH),
  };
}

function bodyEvidence(body: Reply['body']): BodyEvidence {
  return {
    mode: body.mode,
    bytes_read: body.bytesRead,
    limit_bytes: body.limitBytes,
    ...(body.expectedBytes === undefined ? {} : { expected_bytes: body.expectedBytes }),
    complete: body.complete,
    stopped_by: body.stoppedBy,
    encoding: body.encoding.slice(0, 100),
    sha256: body.sha256(),
    excerpt: body.excerpt === null ? null : escapeControl(body.excerpt),
  };
}

function instantOf(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString() : 'unreadable';
}
