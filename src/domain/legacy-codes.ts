/** The codes and classes by which the system before this one named what a probe found (spec/03 sections 5.4 and 5.10). */
import type { DnsEvidence, ErrorEvidence } from './evidence.ts';

/** What the codes are derived from. */
export type ProbeOutcome = {
  /** Where the probe stopped; null when it got a whole reply. */
  phase: ErrorEvidence['phase'] | null;
  /** It stopped because the time of the check or of its search was used up; silence in DNS before that is none. */
  hitDeadline: boolean;
  /** What the resolver said, where the name did not resolve. */
  dnsKind: DnsEvidence['error_kind'];
  httpCode: number | null;
  /** The status is one of those that are expected. */
  isStatusGood: boolean;
  keywordRule: 'required' | 'forbidden' | null;
  /** The leaf lapsed, although it was good at the handshake. */
  isLeafExpired: boolean;
  /** TLS 1.0 or 1.1, on a look that minds it. */
  isTlsDeprecated: boolean;
};

const LEGACY_CODES = {
  none: 0,
  timeout: 1,
  connect: 2,
  ssl: 3,
  redirect: 4,
  keyword: 5,
  tls_expired: 6,
  tls_deprecated: 7,
  body: 8,
} as const;
export type LegacyCode = (typeof LEGACY_CODES)[keyof typeof LEGACY_CODES];

export type LegacyClasses = { errorCode: LegacyCode; failureClass: string; detectorClass: string };

/** In the order of evaluation of spec/03 section 5.4; the first that holds counts. */
export function legacyClasses(outcome: ProbeOutcome): LegacyClasses {
  const errorCode = errorCodeOf(outcome);
  const isSuccess =
    outcome.isStatusGood && (errorCode === LEGACY_CODES.none || errorCode === LEGACY_CODES.tls_deprecated);
  return {
    errorCode,
    failureClass: failureClassOf(outcome, errorCode, isSuccess),
    detectorClass: detectorClassOf(outcome, errorCode, isSuccess),
  };
}

function errorCodeOf(outcome: ProbeOutcome): LegacyCode {
  const { phase } = outcome;
  if (outcome.hitDeadline) return LEGACY_CODES.timeout;
  if (phase === 'tls') return LEGACY_CODES.ssl;
  if (phase === 'redirect') return LEGACY_CODES.redirect;
  if (phase !== null && phase !== 'body') return LEGACY_CODES.connect;
  if (outcome.isLeafExpired) return LEGACY_CODES.tls_expired;
  if (phase === 'body' && outcome.isStatusGood) return LEGACY_CODES.body;
  if (outcome.keywordRule !== null) return LEGACY_CODES.keyword;
  return outcome.isTlsDeprecated ? LEGACY_CODES.tls_deprecated : LEGACY_CODES.none;
}

function failureClassOf({ httpCode }: ProbeOutcome, errorCode: LegacyCode, isSuccess: boolean): string {
  if (isSuccess) return 'success';
  if (errorCode === LEGACY_CODES.ssl || errorCode === LEGACY_CODES.tls_expired) return 'https';
  if (errorCode === LEGACY_CODES.timeout || errorCode === LEGACY_CODES.body) return 'intermittent';
  if (errorCode === LEGACY_CODES.redirect) return 'redirect';
  const status = httpCode ?? 0;
  if (status === 403) return 'blocked';
  if (status >= 500) return 'server';
  return status >= 400 ? 'client' : 'intermittent';
}

function detectorClassOf({ dnsKind }: ProbeOutcome, errorCode: LegacyCode, isSuccess: boolean): string {
  if (errorCode === LEGACY_CODES.connect && dnsKind !== null) return `dns_${dnsKind}`;
  if (errorCode === LEGACY_CODES.none) return isSuccess ? 'success' : 'http_failure';
  return DETECTOR_CLASSES[errorCode];
}

const DETECTOR_CLASSES: Readonly<Record<Exclude<LegacyCode, 0>, string>> = {
  1: 'timeout',
  2: 'connect_error',
  3: 'tls_failure',
  4: 'redirect',
  5: 'content_failure',
  6: 'tls_failure',
  7: 'tls_deprecated',
  8: 'partial_response',
};
