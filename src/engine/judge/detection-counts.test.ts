import { describe, expect, it } from 'vitest';
import { NOTHING_KNOWN, POLICY, verdictOf, verification } from '../../../test/kit/decisions.ts';
import { observed } from '../../../test/kit/fake-prober.ts';
import { decide } from '../../domain/decide.ts';
import type { Decision, Quiet } from '../../domain/incident.ts';
import type { Observation } from '../../domain/verdict.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createDetectionCounts } from './detection-counts.ts';

function counting() {
  const metrics = createMetrics();
  const counts = createDetectionCounts(metrics);
  const told = (wanted: string) => {
    const series = metrics.read().find(({ name }) => name === wanted)?.series ?? [];
    return series.map((one) => ({ ...one.labels, value: 'value' in one ? one.value : null }));
  };
  return { counts, told };
}

const AT = { seenAtMs: 0, doneAtMs: 0, nowMs: 0 };
const FAILED = verdictOf('Seems Down', 'name');

/** A look at a name of which the resolver said this. */
function lookAtName(errorKind: string | null): Observation {
  const evidence = { error_code: 2, failure_class: 'intermittent', hops: [{ dns: { error_kind: errorKind } }] };
  return { ...observed([FAILED], 0), evidence } as unknown as Observation;
}

function decision(quiet: Quiet, why: 'verify' | 'retry'): Decision {
  const made = decide(NOTHING_KNOWN, FAILED, AT, POLICY, quiet);
  const next = { why, askAtMs: 0, lookAtMs: 0, sinceMs: 0, atMs: 0, timeoutMs: 0 };
  return { ...made, suspicion: { sinceMs: 0, attempts: 3, quiet }, quiet, next };
}

describe('a name without an address', () => {
  it('counts by what the resolver said, once it waits for verifiers', () => {
    const { counts, told } = counting();
    counts.decided(NOTHING_KNOWN, decision('low_confidence_dns', 'retry'), lookAtName('nxdomain'));
    expect(told('low_confidence_dns')).toEqual([]);
    counts.decided(NOTHING_KNOWN, decision('low_confidence_dns', 'verify'), lookAtName('nxdomain'));
    counts.decided(NOTHING_KNOWN, decision('unresolved', 'verify'), lookAtName('servfail'));
    counts.decided(NOTHING_KNOWN, decision('unresolved', 'verify'), lookAtName(null));
    counts.decided(NOTHING_KNOWN, decision('after_recovery', 'verify'), lookAtName('nxdomain'));
    expect(told('low_confidence_dns')).toEqual([
      { kind: 'nxdomain', value: 1 },
      { kind: 'servfail', value: 1 },
      { kind: 'unknown', value: 1 },
    ]);
  });
});

describe('the counts', () => {
  it('know old TLS, which is no failure, and nothing else of what is remarked', () => {
    const { counts, told } = counting();
    const coded = (error_code: number) => ({ ...observed([], 0), evidence: { error_code } }) as unknown as Observation;
    counts.remarked(coded(7));
    counts.remarked(coded(0));
    counts.remarked(observed([], 0));
    expect(told('look_error')).toEqual([{ error: 'tls_deprecated', value: 1 }]);
  });

  it('tell how many regions confirmed in the newest answer, and nothing before there was one', () => {
    const { counts, told } = counting();
    expect(told('verifier_confirmations')).toEqual([]);
    counts.verified(verification('confirmed', ['eu', 'us']));
    expect(told('verifier_confirmations')).toEqual([{ value: 2 }]);
    counts.verified(verification('refuted'));
    expect(told('verifier_confirmations')).toEqual([{ value: 0 }]);
  });

  it('show results that count for nothing from the start', () => {
    const { counts, told } = counting();
    counts.unused('duplicate', 2);
    expect(told('look_unused')).toEqual([
      { why: 'stale', value: 0 },
      { why: 'duplicate', value: 2 },
    ]);
  });
});
