import { describe, expect, it } from 'vitest';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import { exchangeOf, replyOf, visitOf } from '../../../test/kit/visit.ts';
import { HTTP_FINDINGS } from '../../checks/application/http.findings.ts';
import { judge, observationOf } from '../../checks/observe.ts';
import { CHECKS } from '../../checks/registry.ts';
import { DEFAULT_POLICY } from '../../domain/decision-policy.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Decision } from '../../domain/incident.ts';
import { DEFAULT_PLAN, NO_OVERRIDES } from '../../domain/probe-plan.ts';
import type { Endpoint } from '../../store/endpoints.ts';
import { createFleet } from '../schedule/fleet.ts';
import { metadataFor } from './metadata.ts';
import { createTargets } from './targets.ts';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const endpoint = {
  endpointId: 5n as EndpointId,
  siteId: 3n as SiteId,
  url: 'https://one.example/',
  intervalSeconds: 300,
};
const stored = { ...endpoint, timeoutSeconds: null, plan: NO_OVERRIDES, maintenance: null } as Endpoint;
const fleet = createFleet({ timeoutMs: 10_000, plan: DEFAULT_PLAN });
const target = createTargets({
  fleet,
  clock: { nowMs: () => T0 },
  policy: () => ({ ...DEFAULT_POLICY, attemptsToConfirm: 3 }),
  maintenanceOf: (_, own) => own,
  usualMs: () => null,
}).of(fleet.add(stored));

const resolver = { name: '192.0.2.53:53', source: 'configured' } as const;
const redirected = visitOf(
  { url: 'https://one.example/' },
  {
    hops: [
      exchangeOf({ url: 'https://one.example/', reply: replyOf(302, [['location', 'https://two.example/']]) }),
      exchangeOf({
        url: 'https://two.example/',
        resolver,
        failure: { phase: 'dns', code: 'NXDOMAIN', detail: 'gone', resolver },
      }),
    ],
  },
);

type Decided = Pick<Decision, 'mutations' | 'failing'>;

const opened: Decided = {
  mutations: [{ op: 'open', state: 'Seems Down', startedAtMs: T0, reason: 'opened' }],
  failing: { sinceMs: T0 - 2_000, attempts: 2 },
};
const closed: Decided = {
  mutations: [{ op: 'close', reason: 'verifier_cleared' }],
  failing: null,
};
const confirmed: Decided = {
  ...opened,
  mutations: [
    ...opened.mutations,
    { op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' },
  ],
};

describe('what is stored with a change', () => {
  it('says what was seen, why, what to do, and when', () => {
    const seen = observed([verdict('Seems Down')], T0, 12.6);
    expect(
      metadataFor({ target, observation: seen, verdict: verdict('Seems Down'), decision: opened, proof: null }),
    ).toEqual({
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
    expect(
      metadataFor({ target, observation: seen, verdict: verdict('Seems Down'), decision: confirmed, proof: null }),
    ).toMatchObject({
      verification: 'none_configured',
    });
  });

  it('counts no attempts and gives no advice on a recovery', () => {
    const metadata = metadataFor({
      target,
      observation: observed([verdict('Up')], T0),
      verdict: verdict('Up'),
      decision: closed,
      proof: null,
    });
    expect(metadata).toMatchObject({ reason: 'ok', advice: '', http_code: 200 });
    for (const absent of ['attempts', 'verification', 'evidence']) expect(metadata).not.toHaveProperty(absent);
    expect(metadata.observation).not.toHaveProperty('first_failed_at');
  });

  it('carries the evidence when there is some, under the names of the older system too', () => {
    const observation = observationOf(judge(redirected, CHECKS, T0), 'always');
    const metadata = metadataFor({
      target,
      observation: observation,
      verdict: verdict('Seems Down'),
      decision: opened,
      proof: null,
    });
    expect(metadata).toMatchObject({
      evidence: observation.evidence,
      error_code: 2,
      failure_class: 'intermittent',
      legacy_status_type: 'intermittent',
      detector_class: 'dns_nxdomain',
      keyword_rule: null,
      method: 'GET',
      detection_profile: 'full',
      redirect_policy: 'follow',
      error_detail: 'dns NXDOMAIN: gone',
      redirect_count: 1,
      redirect_chain: ['https://one.example/', 'https://two.example/'],
      final_url: 'https://two.example/',
      dns_error_kind: 'nxdomain',
      dns_error_name: 'two.example',
      dns_error_server: '192.0.2.53:53',
      dns_resolver_source: 'configured',
    });
  });

  it('tells of TLS and of the body that was read', () => {
    const seen = { version: 'TLSv1.2', cipher: 'AES', alpn: null, ocspStaple: null, certificate: null };
    const body = { mode: 'strict_finite', bytesRead: 3, limitBytes: 9, expectedBytes: 5 } as const;
    const visit = visitOf({ tls: seen, reply: replyOf(200, [], body) });
    const metadata = metadataFor({
      target,
      observation: observationOf(judge(visit, CHECKS, T0), 'always'),
      verdict: verdict('Up'),
      decision: closed,
      proof: null,
    });
    expect(metadata).toMatchObject({
      tls_version: 'TLSv1.2',
      tls_version_code: '0x0303',
      cipher_suite: 'AES',
      body_read: { mode: 'strict_finite', bytes_read: 3, limit_bytes: 9, expected_bytes: 5 },
    });
  });

  it('has no advice for a finding that this version does not know', () => {
    const unheard = { ...verdict('Seems Down'), reason: 'never_heard_of' };
    expect(
      metadataFor({ target, observation: observed([unheard], T0), verdict: unheard, decision: opened, proof: null })
        .advice,
    ).toBe('');
    const stranger = verdict('Warning', 'no_such_check');
    expect(
      metadataFor({ target, observation: observed([stranger], T0), verdict: stranger, decision: opened, proof: null })
        .advice,
    ).toBe('');
  });
});
