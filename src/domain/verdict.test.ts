import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severityOf } from './state.ts';
import { countedVerdict, type Verdict, worstVerdict } from './verdict.ts';

const STATES: Verdict['state'][] = ['Up', 'Warning', 'Degraded', 'Seems Down', 'Unknown'];

function verdict(state: Verdict['state'], check = 'http'): Verdict {
  return { check, state, reason: 'some_reason', summary: 'words' };
}

describe('the verdict that speaks for an observation', () => {
  it('is the most severe', () => {
    const verdicts = [verdict('Up'), verdict('Seems Down'), verdict('Degraded'), verdict('Warning')];
    expect(worstVerdict(verdicts)).toBe(verdicts[1]);
  });

  it('says that one check could not tell before it says that another is healthy', () => {
    expect(worstVerdict([verdict('Up'), verdict('Unknown')]).state).toBe('Unknown');
    expect(worstVerdict([verdict('Unknown'), verdict('Up')]).state).toBe('Unknown');
  });

  it('names any finding before what could not be told', () => {
    expect(worstVerdict([verdict('Unknown'), verdict('Warning')]).state).toBe('Warning');
  });

  it('is the first among equals', () => {
    expect(worstVerdict([verdict('Warning', 'first'), verdict('Warning', 'second')]).check).toBe('first');
  });

  it('is one of those given, and none is more severe, in whatever order they come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(...STATES).map((state) => verdict(state)),
          { minLength: 1 },
        ),
        (verdicts) => {
          const worst = worstVerdict(verdicts);
          expect(verdicts).toContain(worst);
          for (const { state } of verdicts) expect(severityOf(state)).toBeLessThanOrEqual(severityOf(worst.state));
          expect(worstVerdict(verdicts.toReversed()).state).toBe(worst.state);
        },
      ),
    );
  });

  it('cannot be named when no check spoke', () => {
    expect(() => worstVerdict([])).toThrow(TypeError);
  });
});

describe('the verdict by which an observation counts', () => {
  it.each([
    ['Unknown', 'Warning', 'Unknown'],
    ['Degraded', 'Unknown', 'Unknown'],
    ['Unknown', 'Seems Down', 'Seems Down'],
    ['Up', 'Unknown', 'Unknown'],
    ['Up', 'Warning', 'Warning'],
    ['Up', 'Up', 'Up'],
  ] as const)('of %s and %s is %s', (first, second, counted) => {
    expect(countedVerdict([verdict(first), verdict(second, 'tls_expiry')]).state).toBe(counted);
  });
});
