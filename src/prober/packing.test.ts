import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchangeOf, replyOf, visitOf } from '../../test/kit/visit.ts';
import { judge, observationOf } from '../checks/observe.ts';
import { CHECKS } from '../checks/registry.ts';
import type { Visit } from '../checks/visit.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import { packJobs, ResultBatch, unpackJobs, unpackResults } from './packing.ts';
import type { ProbeJob, ProbeResult } from './prober.ts';
import { proberFailed } from './run-job.ts';

const ms = fc.double({ min: 0, max: 300_000, noNaN: true });
const timings = fc.record(
  { dns: ms, tcp: ms, tls: ms, sent: ms, ttfb: ms, headers: ms, body: ms, total: ms },
  { requiredKeys: ['total'] },
);

const healthyVisit: fc.Arbitrary<Visit> = fc
  .record({
    startedAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
    timings,
    status: fc.constantFrom(200, 204, 399),
    address: fc.constantFrom('127.0.0.1', '2001:db8::1', null),
    hops: fc.constantFrom(1, 2),
    pausedMs: fc.constantFrom(0, 150),
  })
  .map(({ startedAtMs, timings: phases, status, address, hops, pausedMs }) => {
    const hop = exchangeOf({ timings: phases, reply: replyOf(status), address });
    return visitOf({}, { startedAtMs, totalMs: phases.total, pausedMs, hops: hops === 1 ? [hop] : [hop, hop] });
  });

/** Facts that only the evidence of a healthy look would show do not cross. */
function inWords({ id, observation: { verdicts, ...rest } }: ProbeResult) {
  return {
    id,
    ...rest,
    verdicts: verdicts.map(({ check, state, reason, summary }) => [check, state, reason, summary]),
  };
}

describe('a healthy result', () => {
  it('crosses the thread border as numbers and comes back as it would have been told in full', () => {
    fc.assert(
      fc.property(fc.array(healthyVisit, { maxLength: 200 }), (visits) => {
        const judgements = visits.map((visit) => judge(visit, CHECKS, 0));
        const batch = new ResultBatch();
        for (const [id, judgement] of judgements.entries()) batch.addHealthy(id, judgement);
        const packed = batch.take();
        expect(packed.whole).toEqual([]);
        const told = judgements.map((judgement, id) => ({
          id,
          observation: observationOf(judgement, 'unless_healthy'),
        }));
        const back = unpackResults(structuredClone(packed));
        expect(back.map(inWords)).toEqual(told.map(inWords));
      }),
    );
  });

  it('is sent once', () => {
    const batch = new ResultBatch();
    expect(batch.isEmpty).toBe(true);
    batch.addHealthy(1, judge(visitOf({ reply: replyOf(200) }), CHECKS, 0));
    expect(batch.isEmpty).toBe(false);
    expect(unpackResults(batch.take())).toHaveLength(1);
    expect(batch.isEmpty).toBe(true);
    expect(unpackResults(batch.take())).toEqual([]);
  });
});

describe('anything else', () => {
  it('travels whole', () => {
    const failed = proberFailed({ url: 'http://site.example/', plan: null }, 5, new Error('boom'));
    const batch = new ResultBatch();
    batch.addWhole({ id: 7, observation: failed });
    const packed = batch.take();
    expect(packed.rows).toHaveLength(0);
    expect(unpackResults(structuredClone(packed))).toEqual([{ id: 7, observation: failed }]);
  });
});

describe('jobs', () => {
  const job: fc.Arbitrary<ProbeJob> = fc.record({
    id: fc.integer({ min: 0, max: 2 ** 50 }),
    url: fc.oneof(fc.webUrl(), fc.constantFrom('not a url', 'two\nlines', '')),
    timeoutMs: fc.integer({ min: 1, max: 255_000 }),
    plan: fc.constantFrom(null, null, { ...DEFAULT_PLAN, keyword: 'word' }),
    evidence: fc.constantFrom('always', 'unless_healthy'),
    precedence: fc.constantFrom('first', 'last', null),
  });

  it('cross the thread border as they are', () => {
    fc.assert(
      fc.property(fc.array(job, { maxLength: 50 }), (jobs) => {
        const back: ProbeJob[] = [];
        unpackJobs(structuredClone(packJobs(jobs)), (one) => back.push(one));
        const byUrl = (one: ProbeJob) => JSON.stringify(one);
        expect(back.map(byUrl).sort()).toEqual(jobs.map(byUrl).sort());
      }),
    );
  });
});
