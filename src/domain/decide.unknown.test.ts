/** What follows from looks that could not tell, and from names that only others can find. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incident, knowing, NOTHING_KNOWN, POLICY, VERIFIED, verdictOf } from '../../test/kit/decisions.ts';
import { decide as decideAt } from './decide.ts';
import type { DecisionPolicy } from './decision-policy.ts';
import { type Known, NOTHING_RECENT } from './incident.ts';
import type { Verdict } from './verdict.ts';

const T0 = 1_000_000;

function decide(known: Known, verdict: Verdict, seenAtMs: number, nowMs: number, policy: DecisionPolicy = POLICY) {
  return decideAt(known, verdict, { seenAtMs, doneAtMs: nowMs, nowMs }, policy);
}

const openAs = (...of: Parameters<typeof incident>) => knowing({ open: incident(of[0], of[1], of[2] ?? T0) });

describe('Unknown', () => {
  it('never changes the log, keeps the count, and looks again soon', () => {
    const some = [NOTHING_KNOWN, openAs('Seems Down', 3), openAs('Down', 3), openAs('Warning')];
    fc.assert(
      fc.property(fc.constantFrom(...some), (known) => {
        const decision = decide(known, verdictOf('Unknown'), T0, T0);
        expect(decision).toMatchObject({ mutations: [], recent: known.recent, suspicion: known.suspicion });
        expect(decision.failing).toEqual(known.open?.failing ?? null);
        expect(decision.next).toEqual({ why: 'unknown', atMs: T0 + 15_000 });
      }),
    );
  });

  it('is looked at again after a quarter of a long interval, between 15 s and 5 min', () => {
    const wait = (intervalMs: number) => {
      const { next } = decide(NOTHING_KNOWN, verdictOf('Unknown'), T0, T0, { ...POLICY, intervalMs });
      return next.why === 'unknown' ? next.atMs - T0 : null;
    };
    expect([5_000, 30_000, 60_000, 3_600_000].map(wait)).toEqual([5_000, 15_000, 15_000, 300_000]);
  });

  it('suspends no look for recovery: what fails is looked at as soon as if the look had failed', () => {
    const suspicion = { sinceMs: T0, attempts: 3, knownMs: T0, quiet: 'low_confidence_dns' as const };
    const braked = { open: incident('Degraded'), recent: { ...NOTHING_RECENT, braked: { wellSinceMs: T0 } } };
    const failing = [openAs('Down', 3), openAs('Seems Down', 3), openAs('Degraded', 3), knowing({ suspicion })];
    for (const known of [...failing, knowing(braked)]) {
      const { next } = decide(known, verdictOf('Unknown'), T0, T0, { ...POLICY, intervalMs: 86_400_000 });
      expect(next).toEqual({ why: 'unknown', atMs: T0 + 15_000 });
    }
  });

  it('holds up no confirmation: the next look comes as soon as the last retry would, whatever the interval', () => {
    const suspicion = { sinceMs: T0, attempts: 1, knownMs: T0, quiet: 'low_confidence_dns' as const };
    const begun = [openAs('Seems Down', 1), openAs('Seems Down', 2), knowing({ suspicion })];
    for (const known of begun) {
      const decision = decide(known, verdictOf('Unknown'), T0, T0, { ...POLICY, intervalMs: 3_600_000 });
      expect(decision.next).toEqual({ why: 'unknown', atMs: T0 + 5_000 });
      expect(decision).toMatchObject({
        mutations: [],
        failing: known.open?.failing ?? null,
        suspicion: known.suspicion,
      });
    }
  });

  it('that asking again would not clear up, or would make worse, waits for the interval, and a minute when something fails', () => {
    const limited = { ...verdictOf('Unknown'), followUp: 'interval' as const };
    const wait = (known: Known, intervalMs: number) => decide(known, limited, T0, T0, { ...POLICY, intervalMs }).next;
    expect(wait(openAs('Down', 3), 60_000)).toEqual({ why: 'interval' });
    expect(wait(NOTHING_KNOWN, 86_400_000)).toEqual({ why: 'interval' });
    expect(wait(openAs('Down', 3), 86_400_000)).toEqual({ why: 'unknown', atMs: T0 + 60_000 });
  });
});

describe('a name that our resolver does not find, though it answers others', () => {
  const looked = (known: Known, policy: DecisionPolicy) =>
    decideAt(known, verdictOf('Seems Down', 'name'), { seenAtMs: T0, doneAtMs: T0, nowMs: T0 }, policy, 'unresolved');

  it('is a quiet suspicion that only verifiers are asked about', () => {
    const first = looked(NOTHING_KNOWN, VERIFIED);
    expect(first).toMatchObject({ mutations: [], suspicion: { attempts: 1, quiet: 'unresolved' } });
    const suspicion = { sinceMs: T0 - 5_000, attempts: 2, knownMs: T0 - 5_000, quiet: 'unresolved' as const };
    expect(looked(knowing({ suspicion }), VERIFIED)).toMatchObject({ mutations: [], next: { why: 'verify' } });
  });

  it('is a word of ours to nobody: without verifiers, in a maintenance window and while it is Down nothing changes', () => {
    const suspicion = { sinceMs: T0 - 5_000, attempts: 2, knownMs: T0 - 5_000, quiet: 'unresolved' as const };
    const maintenance = { startMs: T0 - 1, endMs: T0 + 600_000 };
    for (const known of [NOTHING_KNOWN, knowing({ suspicion }), openAs('Seems Down', 2)]) {
      expect(looked(known, POLICY)).toMatchObject({ mutations: [], suspicion: known.suspicion });
      expect(looked({ ...known, maintenance }, VERIFIED)).toMatchObject({ mutations: [], swallowed: false });
    }
    expect(looked(openAs('Down', 3), VERIFIED)).toMatchObject({ mutations: [], next: { why: 'unknown' } });
  });

  it('is no attempt at a failure of another shape that follows it', () => {
    const suspicion = { sinceMs: T0 - 5_000, attempts: 2, knownMs: T0 - 5_000, quiet: 'unresolved' as const };
    const failure = decide(knowing({ suspicion }), verdictOf('Seems Down', 'refused'), T0, T0, VERIFIED);
    expect(failure.failing).toMatchObject({ sinceMs: T0, attempts: 1 });
    const local = decide(knowing({ suspicion }), verdictOf('Seems Down', 'name'), T0, T0);
    expect(local).toMatchObject({ mutations: [], suspicion: { sinceMs: T0, attempts: 1 } });
    const missing = decide(knowing({ suspicion }), verdictOf('Seems Down', 'name'), T0, T0, VERIFIED);
    expect(missing).toMatchObject({ mutations: [], next: { why: 'verify', sinceMs: T0 - 5_000 } });
  });
});
