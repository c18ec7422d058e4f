/** A server's certificates: is the leaf good for a name, and what do they say of themselves. All text is a stranger's. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

const MAX_NAMES = 100;
const MAX_TEXT = 500;

/**
 * Null when the certificate is good for the host. Only subject alternative names count and a wildcard stands for one
 * whole label, as in browsers (RFC 9525 section 6).
 */
export function identityError(leaf: X509Certificate, host: string): 'ERR_TLS_CERT_ALTNAME_INVALID' | null {
  const good =
    isIP(host) === 0
      ? leaf.checkHost(host, { subject: 'never', wildcards: true, partialWildcards: false })
      : leaf.checkIP(host);
  return good === undefined ? 'ERR_TLS_CERT_ALTNAME_INVALID' : null;
}

/** One certificate in words and numbers, as evidence. All text is bounded, and not escaped. */
export type CertificateDescription = {
  subject: string;
  issuer: string;
  /** Alternative names, at most 100. */
  names: string[];
  notBeforeMs: number;
  notAfterMs: number;
  serial: string;
  fingerprintSha256: string;
  /** Key type and size, such as `ec P-256`. */
  key: string;
  /** Signature algorithm as OpenSSL names it; null where this Node cannot tell. */
  signature: string | null;
};

/** Longest chain that is described; servers send what they like. */
const MAX_CHAIN = 10;

/** What stands above a certificate that was read from a socket, from its issuer up. */
export function issuersOf(certificate: X509Certificate): X509Certificate[] {
  const issuers: X509Certificate[] = [];
  let at = certificate.issuerCertificate;
  while (at !== undefined && issuers.length < MAX_CHAIN - 1) {
    issuers.push(at);
    at = at.issuerCertificate;
  }
  return issuers;
}

/** The leaf and what stands above it. */
export function describeChain(leaf: X509Certificate, issuers: readonly X509Certificate[]): CertificateDescription[] {
  return [leaf, ...issuers].map(describe);
}

function describe(certificate: X509Certificate): CertificateDescription {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: alternativeNames(certificate.subjectAltName),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    serial: certificate.serialNumber.slice(0, MAX_TEXT),
    fingerprintSha256: certificate.fingerprint256,
    key: keyOf(certificate),
    signature: certificate.signatureAlgorithm ?? null,
  };
}

/** The names of a certificate alone, for one line about it. */
export function namesOf(certificate: X509Certificate): string[] {
  return alternativeNames(certificate.subjectAltName);
}

/** Distinguished names come as one attribute per line; an empty name comes as undefined. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ').slice(0, MAX_TEXT);
}

/** An entry that could be mistaken for two is quoted by Node as a JSON string (CVE-2021-44532). */
const ENTRY = /(?:, )?([^:,"]+):((?:[^",]|"(?:[^"\\]|\\.)*")*)/gy;

function alternativeNames(subjectAltName: string | undefined): string[] {
  const names: string[] = [];
  for (const [, kind, value] of (subjectAltName ?? '').matchAll(ENTRY)) {
    if (value === undefined || (kind !== 'DNS' && kind !== 'IP Address')) continue;
    names.push(value.slice(0, MAX_TEXT));
    if (names.length === MAX_NAMES) break;
  }
  return names;
}

function keyOf(leaf: X509Certificate): string {
  try {
    return keyText(leaf.publicKey);
  } catch {
    // OpenSSL cannot read every key a certificate may carry; the rest of it is evidence all the same.
    return 'unreadable';
  }
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function keyText(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const size = namedCurve === undefined ? modulusLength : (CURVES[namedCurve] ?? namedCurve);
  return [key.asymmetricKeyType ?? 'unreadable', size].filter((part) => part !== undefined).join(' ');
}
