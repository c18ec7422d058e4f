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
import { failedKeywordRule, hitDeadline, lastHop, type Visit } from './visit.ts';

/** How much of a hop is kept: characters of its URL, bytes of JSON for headers and certificates, how many addresses. */
type Room = { url: number; headers: number; certificates: number; addresses: number };

/**
 * The last hop tells most; those before it share what would otherwise grow with every redirect. All together stays below
 * what is stored with an event, so that no server can make us lose the proof against it.
 */
const ROOM_OF_LAST: Room = { url: 2_048, headers: 8_192, certificates: 8_192, addresses: 32 };
const ROOM_OF_EARLIER: Room = { url: 4_096, headers: 4_096, certificates: 4_096, addresses: 32 };
const MAX_DETAIL_LENGTH = 500;

export function evidenceOf(visit: Visit, nowMs: number): Evidence {
  const hop = lastHop(visit);
  const keywordRule = failedKeywordRule(visit);
  const classes = legacyClasses({
    phase: phaseOf(visit),
    hitDeadline: hop.failure !== null && hitDeadline(hop.failure),
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
    hops: visit.hops.map((one) => hopEvidence(one, visit)),
    final_url: visit.hops.length > 1 ? hop.url.slice(0, ROOM_OF_LAST.url) : null,
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

function hopEvidence(hop: Exchange, visit: Visit): HopEvidence {
  const room = roomOf(hop, visit);
  return {
    url: hop.url.slice(0, room.url),
    protocol: hop.reply?.protocol ?? null,
    http_code: hop.reply?.status ?? null,
    address: hop.address,
    addresses: hop.addresses.slice(0, room.addresses),
    dns: dnsEvidence(hop),
    timings_ms: rounded(timingsOf(hop, hop.timings.total, visit)),
    tls: hop.tls === null ? null : tlsEvidence(hop.tls, hop === lastHop(visit), room.certificates),
    headers: bounded(shownHeaders(hop.reply?.headers ?? []), room.headers),
  };
}

function roomOf(hop: Exchange, visit: Visit): Room {
  if (hop === lastHop(visit)) return ROOM_OF_LAST;
  const share = (most: number, shared: number): number => Math.min(most, Math.floor(shared / (visit.hops.length - 1)));
  return {
    url: share(ROOM_OF_LAST.url, ROOM_OF_EARLIER.url),
    headers: share(ROOM_OF_LAST.headers, ROOM_OF_EARLIER.headers),
    certificates: share(ROOM_OF_LAST.certificates, ROOM_OF_EARLIER.certificates),
    addresses: share(ROOM_OF_LAST.addresses, ROOM_OF_EARLIER.addresses),
  };
}

/** A cookie may be the session that a secret of ours opened: its name is evidence, its value is not. */
function shownHeaders(headers: Reply['headers']): Reply['headers'] {
  return headers.map(([name, value]) => [name, name === 'set-cookie' ? value.replace(/=[^;]*/, '=[not kept]') : value]);
}

/** As many as fit, from the first on. */
function bounded<T>(list: readonly T[], bytes: number): T[] {
  let left = bytes;
  return list.filter((one) => {
    left -= jsonBytes(one);
    return left >= 0;
  });
}

/** The start of a text, as long as it fits. */
function fitting(text: string, bytes: number): string {
  let start = text.slice(0, bytes);
  while (jsonBytes(start) > bytes) start = start.slice(0, start.length >> 1);
  return start;
}

/** What text takes where it is stored: a control character is six bytes there. */
function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
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
function tlsEvidence(session: TlsSession, isLast: boolean, bytes: number): HopEvidence['tls'] {
  const { certificate } = session;
  const chain = certificate === null ? [] : describeChain(certificate.leaf, certificate.issuers);
  return {
    version: session.version,
    version_code: TLS_VERSION_CODES[session.version] ?? null,
    cipher: session.cipher,
    alpn: session.alpn,
    ocsp_staple: ocspStatus(session.ocspStaple),
    verify_error: certificate === null ? 'NO_PEER_CERTIFICATE' : certificate.verifyError,
    certificates: chainEvidence(isLast ? chain : chain.slice(0, 1), bytes),
  };
}

/** The leaf always, with as many of its names as leave room for the others, of which there are as many as fit. */
function chainEvidence([leaf, ...others]: readonly CertificateDescription[], bytes: number): CertificateEvidence[] {
  if (leaf === undefined) return [];
  const above = others.map((one) => certificateEvidence(one, { text: bytes / 32, names: bytes / 8 }));
  return [certificateEvidence(leaf, { text: bytes / 16, names: bytes / 2 }), ...bounded(above, bytes / 2)];
}

/** `text` is how many bytes the subject may take, and the issuer. */
function certificateEvidence(one: CertificateDescription, room: { text: number; names: number }): CertificateEvidence {
  return {
    subject: fitting(one.subject, room.text),
    issuer: fitting(one.issuer, room.text),
    names: bounded(one.names, room.names),
    not_before: instantOf(one.notBeforeMs),
    not_after: instantOf(one.notAfterMs),
    serial: one.serial,
    fingerprint_sha256: one.fingerprintSha256,
    key: one.key,
    signature: one.signature,
  };
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
