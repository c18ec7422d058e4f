/** A server's leaf certificate: is it good for a name, and what does it say of itself. All text in it is a stranger's. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { LeafCertificate } from './exchange.ts';

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

export function describeLeaf(leaf: X509Certificate, verifyError: string | null): LeafCertificate {
  return {
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    names: alternativeNames(leaf.subjectAltName),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    fingerprintSha256: leaf.fingerprint256,
    key: keyOf(leaf),
    verifyError,
  };
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
