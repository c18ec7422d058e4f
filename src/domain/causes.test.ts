import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/registry.ts';
import { causeOf, linkFor } from './causes.ts';
import type { EventId } from './ids.ts';

const expiry = 7n as EventId;
const failure = (reason: string) => ({ check: 'http', reason });
const open = (...checks: string[]) => new Map(checks.map((check) => [check, { eventId: expiry }]));

describe('the cause of a failure', () => {
  it('is the warning of a certificate that lapsed', () => {
    expect(linkFor(failure('tls_expired'), open('http', 'tls_expiry'), null)).toEqual({
      op: 'link',
      causeEventId: expiry,
    });
  });

  it('stays while it explains what is seen', () => {
    expect(linkFor(failure('tls_expired'), open('tls_expiry'), expiry)).toBeNull();
    expect(linkFor(failure('http_500'), open('tls_expiry'), null)).toBeNull();
  });

  it('is taken away when something else is seen, or when it is over', () => {
    const unlinked = { op: 'link', causeEventId: null };
    expect(linkFor(failure('tcp_refused'), open('tls_expiry'), expiry)).toEqual(unlinked);
    expect(linkFor(failure('tls_expired'), open('http'), expiry)).toEqual(unlinked);
  });

  it('is the old version of TLS that a server still spoke, where both share none any more', () => {
    const failed = (code: string) => ({ ...failure('tls_failed'), details: { code } });
    for (const code of ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION']) {
      expect(causeOf(failed(code))).toBe('tls_deprecated');
    }
    expect(causeOf(failed('ECONNRESET'))).toBeNull();
    expect(causeOf(failure('tls_failed'))).toBeNull();
  });

  it('is sought by names that exist, and by no others', () => {
    expect(causeOf({ check: 'constructor', reason: 'name' })).toBeNull();
    expect(causeOf(failure('constructor'))).toBeNull();
    const details = { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL' };
    const known = CHECKS.flatMap((check) =>
      Object.keys(check.findings).map((reason) => ({ check: check.type, reason, details })),
    );
    const causes = known.flatMap((finding) => causeOf(finding) ?? []);
    expect(causes).toEqual(['tls_expiry', 'tls_deprecated']);
    expect(CHECKS.map((check) => String(check.type))).toEqual(expect.arrayContaining(causes));
  });
});
