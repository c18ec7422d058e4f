import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verdictOf } from '../checks/check.ts';
import { CHECKS } from '../checks/registry.ts';
import type { Timings } from '../domain/timings.ts';
import type { Observation } from '../domain/verdict.ts';
import { pack, unpack } from './packing.ts';
import { proberFailed } from './run-job.ts';

const ms = fc.double({ min: 0, max: 300_000, noNaN: true });
const timings: fc.Arbitrary<Timings> = fc.record(
  { dns: ms, tcp: ms, tls: ms, ttfb: ms, body: ms, total: ms },
  { requiredKeys: ['total'] },
);

const healthy: fc.Arbitrary<Observation> = fc.record({
  startedAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
  timings,
  httpCode: fc.constantFrom(200, 204, 301, null),
  address: fc.constantFrom('127.0.0.1', '2001:db8::1', null),
  certificateExpiresAtMs: fc.constantFrom(null, 1_900_000_000_000),
  verdicts: fc
    .subarray([...CHECKS], { minLength: 1 })
    .map((checks) => checks.map((check) => verdictOf(check, { reason: 'ok', details: { code: 200, ms: 1 } }))),
  evidence: fc.constant(null),
});

describe('a healthy result', () => {
  it('crosses the thread border as numbers and comes back the same', () => {
    fc.assert(
      fc.property(fc.array(healthy, { maxLength: 20 }), (observations) => {
        const packed = pack(observations.map((observation, id) => ({ id, observation })));
        expect(packed.whole).toEqual([]);
        const back = unpack(structuredClone(packed));
        expect(back.map((result) => result.id)).toEqual(observations.map((_, id) => id));
        back.forEach(({ observation }, index) => {
          const { verdicts, ...rest } = observation;
          const { verdicts: before, ...restBefore } = observations[index] as Observation;
          expect(rest).toEqual(restBefore);
          expect(verdicts.map((verdict) => [verdict.check, verdict.state, verdict.reason])).toEqual(
            before.map((verdict) => [verdict.check, verdict.state, verdict.reason]),
          );
        });
      }),
    );
  });
});

describe('anything else', () => {
  it('travels whole', () => {
    const failed = proberFailed('http://site.example/', 5, new Error('boom'));
    const packed = pack([{ id: 7, observation: failed }]);
    expect(packed.rows).toHaveLength(0);
    expect(unpack(structuredClone(packed))).toEqual([{ id: 7, observation: failed }]);
  });
});
