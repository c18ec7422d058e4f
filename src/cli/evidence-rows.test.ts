import { describe, expect, it } from 'vitest';
import type { CertificateEvidence, Evidence, HopEvidence } from '../domain/evidence.ts';
import { evidenceRows } from './evidence-rows.ts';

const HOP: HopEvidence = {
  url: 'https://a.example/',
  protocol: null,
  http_code: null,
  address: null,
  addresses: [],
  dns: null,
  timings_ms: {},
  tls: null,
  headers: [],
};

const EVIDENCE: Evidence = {
  url: HOP.url,
  method: 'GET',
  detection_profile: 'full',
  redirect_policy: 'follow',
  error_code: 0,
  failure_class: 'none',
  detector_class: 'success',
  keyword_rule: null,
  hops: [HOP],
  final_url: null,
  http_code: null,
  error: null,
  body: null,
  voided_runs: 0,
};

const BODY: NonNullable<Evidence['body']> = {
  mode: 'error_excerpt',
  bytes_read: 9,
  limit_bytes: 4096,
  complete: true,
  stopped_by: null,
  encoding: 'identity',
  sha256: null,
  excerpt: null,
};

function textsOf(label: string, more: Partial<Evidence>): string[] {
  const rows = evidenceRows({ ...EVIDENCE, ...more });
  return rows.filter(([name]) => name === label).map(([, text]) => text);
}

const addressOf = (more: Partial<HopEvidence>) => textsOf('address', { hops: [{ ...HOP, ...more }] });
const excerptOf = (excerpt: string) => textsOf('starts with', { body: { ...BODY, excerpt } });

describe('the rows of evidence', () => {
  it('tell the class of every probe, and which rule about texts failed', () => {
    expect(textsOf('class', {})).toEqual(['success (code 0, none)']);
    expect(textsOf('keyword rule', {})).toEqual([]);
    expect(textsOf('keyword rule', { keyword_rule: 'forbidden' })).toEqual(['forbidden']);
  });

  it('hold no empty line for an error without details', () => {
    const error = { phase: 'tls', code: 'CERT_HAS_EXPIRED' } as const;
    expect(textsOf('', { error: { ...error, detail: '' } })).toEqual([]);
    expect(textsOf('', { error: { ...error, detail: 'too old' } })).toEqual(['too old']);
    expect(textsOf('error', { error: { ...error, detail: '' } })).toEqual(['tls: CERT_HAS_EXPIRED']);
  });

  it('say which address was used and which were found beside it', () => {
    const other = { address: '192.0.2.2', outcome: 'not_tried' } as const;
    const used = { address: '192.0.2.1', outcome: 'connected' } as const;
    expect(addressOf({ address: used.address, addresses: [used, other] })).toEqual([
      '192.0.2.1; also found: 192.0.2.2',
    ]);
    expect(addressOf({ addresses: [other] })).toEqual(['none was dialled; found: 192.0.2.2']);
  });

  it('show the start of an error page with its line breaks, and say when it goes on', () => {
    expect(excerptOf('one\\u000d\\u000atwo\\u000athree')).toEqual(['one\\ntwo\\nthree']);
    expect(excerptOf('x'.repeat(400))).toEqual(['x'.repeat(400)]);
    expect(excerptOf('x'.repeat(401))).toEqual([`${'x'.repeat(400)}...`]);
  });

  it('identify the certificate of the server', () => {
    const leaf: CertificateEvidence = {
      subject: 'CN=a.example',
      issuer: 'CN=CA',
      names: ['a.example'],
      not_before: '2026-01-01T00:00:00.000Z',
      not_after: '2027-01-01T00:00:00.000Z',
      serial: '0A',
      fingerprint_sha256: 'AB:CD',
      key: 'ec P-256',
      signature: null,
    };
    const tls: HopEvidence['tls'] = {
      version: 'TLSv1.3',
      version_code: '0x0304',
      cipher: 'TLS_AES_256_GCM_SHA384',
      alpn: null,
      ocsp_staple: 'none',
      verify_error: null,
      certificates: [leaf, { ...leaf, serial: '0B' }],
    };
    expect(textsOf('leaf', { hops: [{ ...HOP, tls }] })).toEqual(['serial 0A; SHA-256 AB:CD']);
    expect(textsOf('leaf', { hops: [{ ...HOP, tls: { ...tls, certificates: [] } }] })).toEqual([]);
  });
});
