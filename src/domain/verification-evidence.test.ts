import { describe, expect, it } from 'vitest';
import type { Verification, Vote } from './verification.ts';
import { verificationEvidence } from './verification-evidence.ts';

function vote(verifier: string, change: Partial<Vote> = {}): Vote {
  const seen = { httpCode: 503, errorCode: 0, failureClass: 'server', rttMs: 41.6, tookMs: 120.4 };
  return { verifier, region: verifier, says: 'down', reason: 'http_5xx', ...seen, quarantined: false, ...change };
}

const verificationOf = (votes: Vote[], change: Partial<Verification> = {}): Verification => ({
  requestId: 'ab'.repeat(16),
  outcome: 'confirmed',
  votes,
  quorum: 2,
  regions: 3,
  downRegions: ['eu', 'us'],
  ...change,
});

const SILENT = { says: 'none', reason: 'timeout', httpCode: null, failureClass: null, rttMs: null } as const;

describe('the evidence of a verification', () => {
  it('says what followed, who said what, and how many had a say', () => {
    const votes = [vote('eu'), vote('us'), vote('ap', SILENT), vote('sa', { says: 'up', quarantined: true })];
    const evidence = verificationEvidence(verificationOf(votes));
    expect(evidence).toMatchObject({
      verifier_request_id: 'ab'.repeat(16),
      verifier_outcome: 'confirmed',
      verifier_quorum: 2,
      verifier_regions: 3,
      verifier_down_regions: ['eu', 'us'],
      verifier_healthy: 2,
      verifier_confirmed: 2,
      verifier_disagreed: 0,
    });
    expect(evidence.verifier_results[0]).toEqual({
      host: 'eu',
      region: 'eu',
      says: 'down',
      success: false,
      reason: 'http_5xx',
      http_code: 503,
      error_code: 0,
      failure_class: 'server',
      rtt_ms: 42,
      took_ms: 120,
    });
    expect(evidence.verifier_results[2]).toMatchObject({ success: null, reason: 'timeout', rtt_ms: null });
    expect(evidence.verifier_results[3]).toMatchObject({ success: true, quarantined: true });
  });

  it('stays small and well-formed, whatever a verifier sends', () => {
    const hostile = `${'x'.repeat(63)}\u{1f525}${'y'.repeat(100_000)}\ud800`;
    const votes = Array.from({ length: 500 }, (_, at) =>
      vote(`${at}${hostile}`, {
        reason: hostile,
        failureClass: hostile,
        rttMs: 1e300,
        httpCode: -5,
        errorCode: Number.NaN,
      }),
    );
    const downRegions = votes.map(({ region }) => region);
    const evidence = verificationEvidence(verificationOf(votes, { downRegions }));
    const text = JSON.stringify(evidence);
    expect(text.length).toBeLessThan(24_000);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain('\\ud83d');
    expect(evidence.verifier_results).toHaveLength(32);
    expect(evidence.verifier_results_omitted).toBe(468);
    expect(evidence.verifier_results[0]).toMatchObject({ rtt_ms: 2 ** 31 - 1, http_code: 0, error_code: null });
  });
});
