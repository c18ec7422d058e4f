/** From a visit to an observation: every check judges it, and evidence is written down when it is wanted. */
import type { Evidence, HopEvidence } from '../domain/evidence.ts';
import { rounded, type Timings } from '../domain/timings.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { Exchange, LeafCertificate, WireFailure } from '../wire/exchange.ts';
import { type Check, verdictOf } from './check.ts';
import { lastHop, type Visit } from './visit.ts';

export type EvidenceWanted = 'always' | 'unless_healthy';

export function observe(visit: Visit, checks: readonly Check[], nowMs: number, wanted: EvidenceWanted): Observation {
  const verdicts: Verdict[] = [];
  for (const check of checks) {
    const found = check.judge(visit, nowMs);
    if (found !== null) verdicts.push(verdictOf(check, found));
  }
  const hop = lastHop(visit);
  const healthy = verdicts.every((verdict) => verdict.state === 'Up');
  return {
    startedAtMs: visit.startedAtMs,
    timings: timingsOf(visit, hop),
    httpCode: hop.reply?.status ?? null,
    address: hop.address,
    certificateExpiresAtMs: expiryOf(hop.tls?.certificate ?? null),
    verdicts,
    evidence: healthy && wanted === 'unless_healthy' ? null : evidenceOf(visit),
  };
}

function expiryOf(leaf: LeafCertificate | null): number | null {
  return leaf !== null && Number.isFinite(leaf.notAfterMs) ? leaf.notAfterMs : null;
}

function timingsOf(visit: Visit, hop: Exchange): Timings {
  return { ...hop.timings, total: visit.totalMs };
}

/** The visit in the shape that is stored and shown. */
export function evidenceOf(visit: Visit): Evidence {
  const hop = lastHop(visit);
  const leaf = hop.tls?.certificate ?? null;
  return {
    url: visit.url,
    method: visit.method,
    hops: visit.hops.map(hopEvidence),
    http_code: hop.reply?.status ?? null,
    error: errorEvidence(visit, hop.failure),
    certificate: leaf === null ? null : certificateEvidence(leaf),
    body: hop.reply === null ? null : bodyEvidence(hop.reply.body),
  };
}

function hopEvidence(hop: Exchange): HopEvidence {
  return {
    url: hop.url,
    http_code: hop.reply?.status ?? null,
    address: hop.address,
    addresses: hop.addresses,
    timings_ms: rounded(hop.timings),
    tls: hop.tls === null ? null : { version: hop.tls.version, cipher: hop.tls.cipher },
    headers: hop.reply?.headers ?? [],
  };
}

function errorEvidence(visit: Visit, failure: WireFailure | null): Evidence['error'] {
  if (failure !== null) return { phase: failure.phase, code: failure.code, detail: failure.detail };
  const trouble = visit.redirectTrouble;
  return trouble === null
    ? null
    : { phase: 'redirect', code: trouble.kind.toUpperCase(), detail: trouble.location.slice(0, 500) };
}

function certificateEvidence(leaf: LeafCertificate): Evidence['certificate'] {
  return {
    subject: leaf.subject,
    issuer: leaf.issuer,
    names: leaf.names.slice(0, 100),
    not_before: instantOf(leaf.notBeforeMs),
    not_after: instantOf(leaf.notAfterMs),
    fingerprint_sha256: leaf.fingerprintSha256,
    key: leaf.key,
    verify_error: leaf.verifyError,
  };
}

function bodyEvidence(body: NonNullable<Exchange['reply']>['body']): Evidence['body'] {
  return {
    mode: body.mode,
    bytes_read: body.bytesRead,
    limit_bytes: body.limitBytes,
    ...(body.expectedBytes === undefined ? {} : { expected_bytes: body.expectedBytes }),
  };
}

function instantOf(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString() : 'unreadable';
}
