import { describe, expect, it } from 'vitest';
import { observed, verdict } from '../../test/kit/fake-prober.ts';
import { HTTP_FINDINGS } from '../checks/application/http.findings.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Decision } from '../domain/incident.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { metadataFor } from './metadata.ts';
import { targetOf } from './target.ts';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const endpoint = {
  endpointId: 5n as EndpointId,
  siteId: 3n as SiteId,
  url: 'https://one.example/',
  intervalSeconds: 300,
};
const target = targetOf({ ...endpoint, timeoutSeconds: null } as Endpoint, new Map(), { timeoutMs: 10_000 });

const opened: Decision = {
  mutations: [{ op: 'open', state: 'Seems Down', startedAtMs: T0, reason: 'opened' }],
  failing: { sinceMs: T0 - 2_000, attempts: 2 },
  next: { why: 'interval' },
};
const closed: Decision = {
  mutations: [{ op: 'close', reason: 'verifier_cleared' }],
  failing: null,
  next: { why: 'interval' },
};
const confirmed: Decision = {
  ...opened,
  mutations: [
    ...opened.mutations,
    { op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' },
  ],
};

describe('what is stored with a change', () => {
  it('says what was seen, why, what to do, and when', () => {
    const seen = observed([verdict('Seems Down')], T0, 12.6);
    expect(metadataFor(target, seen, verdict('Seems Down'), opened)).toEqual({
      reason: 'tcp_refused',
      summary: 'http saw Seems Down',
      advice: HTTP_FINDINGS.tcp_refused.advice,
      url: 'https://one.example/',
      http_code: null,
      rtt_ms: 13,
      attempts: 2,
      observation: {
        checked_at: '2026-03-01T12:00:00.000Z',
        first_failed_at: '2026-03-01T11:59:58.000Z',
        normal_check_interval_seconds: 300,
      },
    });
  });

  it('says on what a confirmation rests', () => {
    const seen = observed([verdict('Seems Down')], T0);
    expect(metadataFor(target, seen, verdict('Seems Down'), confirmed)).toMatchObject({
      verification: 'none_configured',
    });
  });

  it('counts no attempts and gives no advice on a recovery', () => {
    const metadata = metadataFor(target, observed([verdict('Up')], T0), verdict('Up'), closed);
    expect(metadata).toMatchObject({ reason: 'ok', advice: '', http_code: 200 });
    for (const absent of ['attempts', 'verification', 'evidence']) expect(metadata).not.toHaveProperty(absent);
    expect(metadata.observation).not.toHaveProperty('first_failed_at');
  });

  it('carries the evidence when there is some', () => {
    const evidence: Evidence = {
      url: target.url,
      method: 'GET',
      hops: [],
      http_code: null,
      error: { phase: 'tcp', code: 'ECONNREFUSED', detail: 'refused' },
      certificate: null,
      body: null,
    };
    const seen = { ...observed([verdict('Seems Down')], T0), evidence };
    expect(metadataFor(target, seen, verdict('Seems Down'), opened)).toMatchObject({ evidence });
  });

  it('has no advice for a finding that this version does not know', () => {
    const unheard = { ...verdict('Seems Down'), reason: 'never_heard_of' };
    expect(metadataFor(target, observed([unheard], T0), unheard, opened).advice).toBe('');
    const stranger = verdict('Warning', 'no_such_check');
    expect(metadataFor(target, observed([stranger], T0), stranger, opened).advice).toBe('');
  });
});
