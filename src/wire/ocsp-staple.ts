/**
 * What a stapled OCSP response says of its first certificate, which is the leaf (RFC 6960 section 4.2.1). Its signature
 * is not verified: it is evidence of what the server shows, and no verdict rests on it.
 */
import { type Element, readElement, readMembers } from './der.ts';

export type OcspStatus = 'none' | 'good' | 'revoked' | 'unknown' | 'unreadable';

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;
/** CertStatus is a choice of three context tags; `revoked` alone is constructed. */
const STATUSES: Readonly<Record<number, OcspStatus>> = { 128: 'good', 161: 'revoked', 130: 'unknown' };

/** `none` for no staple; `unreadable` for one that is not a successful response with a status in it. */
export function ocspStatus(staple: Buffer | null): OcspStatus {
  if (staple === null || staple.length === 0) return 'none';
  const basic = basicResponse(staple);
  const status = basic === null ? undefined : STATUSES[firstStatus(basic)?.tag ?? 0];
  return status ?? 'unreadable';
}

/** The DER of the BasicOCSPResponse; null when the responder had no answer. */
function basicResponse(der: Buffer): Buffer | null {
  const response = readElement(der, 0);
  const [status, bytes] = members(der, response, SEQUENCE);
  if (status?.tag !== ENUMERATED || der[status.start] !== 0) return null;
  const [inner] = members(der, bytes, 0xa0);
  const [, octets] = members(der, inner, SEQUENCE);
  return octets?.tag === OCTET_STRING ? der.subarray(octets.start, octets.end) : null;
}

/** BasicOCSPResponse, its ResponseData, their responses, the first of them, its second member but for the identity. */
function firstStatus(der: Buffer): Element | undefined {
  const [data] = members(der, readElement(der, 0), SEQUENCE);
  const responses = members(der, data, SEQUENCE).find(({ tag }) => tag === SEQUENCE);
  const [single] = members(der, responses, SEQUENCE);
  return members(der, single, SEQUENCE)[1];
}

function members(der: Buffer, element: Element | null | undefined, tag: number): Element[] {
  return element?.tag === tag ? (readMembers(der, element) ?? []) : [];
}
