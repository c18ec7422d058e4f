/** The versions of TLS by the names OpenSSL gives them. */

/** Protocol version on the wire (RFC 8446 section 4.1.2 and its predecessors). */
export const TLS_VERSION_CODES: Readonly<Record<string, string>> = {
  TLSv1: '0x0301',
  'TLSv1.1': '0x0302',
  'TLSv1.2': '0x0303',
  'TLSv1.3': '0x0304',
};

/** RFC 8996 forbids the use of TLS 1.0 and 1.1. */
export function isDeprecatedTls(version: string | undefined): boolean {
  return version === 'TLSv1' || version === 'TLSv1.1';
}
