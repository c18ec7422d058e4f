import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import type { EndpointId, EventId } from '../domain/ids.ts';
import { siteIncident } from '../domain/rollup.ts';
import { DEFAULT_RULES, type RollupRules } from '../domain/rollup-rules.ts';
import { incidentStateOf } from '../domain/state.ts';
import { incidentsOn, type SeenEvent } from './append/site-state.ts';
import { wouldBeRight } from './site-states.ts';

const IDS = [1n, 2n, 3n, 4n] as EndpointId[];

/** Every choice of endpoints that may be watched. */
const CHOICES = Array.from({ length: 2 ** IDS.length }, (_, bits) =>
  IDS.map((endpointId, index) => ({ endpointId, active: (bits & (2 ** index)) !== 0 })),
);

it('a state drifted exactly when some choice of watched endpoints gives it', () => {
  const event = fc.record({ where: fc.constantFrom(null, ...IDS), severity: fc.integer({ min: 1, max: 5 }) });
  const rules: fc.Arbitrary<RollupRules> = fc
    .record({
      nonCriticalCap: fc.constantFrom('Warning' as const, 'Degraded' as const, 'Down' as const),
      named: fc.option(fc.constantFrom('critical' as const, 'non_critical' as const), { nil: null }),
      http: fc.constantFrom('pass' as const, 'ignore' as const, 'cap:Degraded' as const),
    })
    .map(({ nonCriticalCap, named, http }) => ({
      ...DEFAULT_RULES,
      nonCriticalCap,
      endpoints: new Map(named === null ? [] : [[2n as EndpointId, named] as const]),
      siteChecks: new Map([['http', http] as const]),
    }));
  const claimed = fc.constantFrom(null, 'Paused', 'Warning', 'Degraded', 'Seems Down', 'Down');
  fc.assert(
    fc.property(fc.array(event, { maxLength: 4 }), rules, claimed, fc.nat(5), (drawn, given, state, severity) => {
      const seen = drawn.map(
        ({ where, severity }, index): SeenEvent => ({
          id: BigInt(index + 1) as EventId,
          identity: { endpointId: where, checkType: index % 2 === 0 ? 'http' : 'tls_expiry' },
          severity,
          state: incidentStateOf(severity),
          startedAtMs: (index * 7) % 3,
          unreadable: false,
        }),
      );
      const outcomes = CHOICES.map((choice) => {
        const { incidents, ofSite } = incidentsOn(choice, seen);
        return siteIncident(incidents, ofSite, given);
      });
      const asked = state === null ? null : { state, severity };
      for (const stored of [...outcomes, asked]) {
        const expected = outcomes.some((one) => one?.state === stored?.state && one?.severity === stored?.severity);
        expect(wouldBeRight(stored, CHOICES[0] ?? [], seen, given)).toBe(expected);
      }
    }),
    { numRuns: runs(1_000) },
  );
});
