import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applied, NOTHING_KNOWN, POLICY, VERIFIED, verdictOf, verification } from '../../test/kit/decisions.ts';
import { runs } from '../../test/kit/runs.ts';
import { decide } from './decide.ts';
import { decideVerified } from './decide-verified.ts';
import { type Decision, isFailing, type Known } from './incident.ts';
import { isWithin } from './maintenance.ts';
import type { FailureShape, Verdict } from './verdict.ts';
import type { Outcome } from './verification.ts';

type Look = { kind: 'look'; state: Verdict['state']; shape: FailureShape; tookMs: number };
type Step =
  | Look
  /** `late`: of the question before the last. */
  | { kind: 'answer'; outcome: Outcome; late: boolean }
  | { kind: 'wait'; ms: number }
  | { kind: 'window'; fromNowMs: number; lengthMs: number }
  | { kind: 'closed by hand' };

const look = fc.record({
  kind: fc.constant('look' as const),
  state: fc.constantFrom<Verdict['state']>('Up', 'Up', 'Warning', 'Degraded', 'Seems Down', 'Seems Down', 'Unknown'),
  shape: fc.constantFrom<FailureShape>('answered', 'refused', 'silent', 'name'),
  tookMs: fc.nat(10_000),
});

/** Failures that come one after another are what most is decided about, and what chance alone seldom makes. */
const outage = fc
  .tuple(look, fc.integer({ min: 2, max: 6 }))
  .map(([one, times]): Step[] => Array.from({ length: times }, () => ({ ...one, state: 'Seems Down' })));

const some = fc
  .oneof(
    { weight: 6, arbitrary: look },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('answer' as const),
        outcome: fc.constantFrom<Outcome>('confirmed', 'refuted', 'regional', 'no_verdict'),
        late: fc.boolean(),
      }),
    },
    // Backwards too: the clock is set while we run.
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: -60_000, max: 400_000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('window' as const),
        fromNowMs: fc.integer({ min: -50_000, max: 50_000 }),
        lengthMs: fc.integer({ min: 1, max: 300_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'closed by hand' }) },
  )
  .map((step): Step[] => [step]);

const steps = fc.array(fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: outage }), { maxLength: 40 });

const policies = fc.record({
  base: fc.constantFrom(POLICY, VERIFIED),
  attemptsToConfirm: fc.integer({ min: 1, max: 5 }),
  intervalMs: fc.constantFrom(5_000, 60_000, 300_000),
  usualMs: fc.constantFrom(null, 100, 4_000),
  page: fc.boolean(),
});

describe('any sequence of looks, answers, windows and changes of the clock', () => {
  it('keeps what is promised of events', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(steps, policies, (sequence, { base, page, ...rest }) => {
        const unverified = { afterMs: 60_000, policy: page ? ('page' as const) : ('hold' as const) };
        const world = createWorld({ ...base, ...rest, unverified });
        for (const step of sequence.flat()) world.take(step);
      }),
      { numRuns: runs(1_500) },
    );
  });
});

/** Follows a sequence and knows, in the simplest way, what may come of it. */
function createWorld(policy: typeof POLICY) {
  let known: Known = NOTHING_KNOWN;
  let nowMs = 1_000_000_000;
  let asked: number[] = [];
  /** Looks that failed without one between them that did not, and when the first began. */
  let failures = { count: 0, firstMs: 0 };

  function write(decision: Decision, isConfirmed: boolean): void {
    // Throws when a change changes nothing: an event that opens twice, or closes when none is open.
    const { steps: written, known: after } = applied(known, decision, nowMs);
    for (const step of written) {
      if (step.stateAfter !== 'Down') continue;
      expect(failures.count).toBeGreaterThanOrEqual(policy.attemptsToConfirm);
      expect(isConfirmed).toBe(true);
    }
    for (const mutation of decision.mutations) {
      if (mutation.op === 'open' && decision.failing !== null) expect(mutation.startedAtMs).toBe(failures.firstMs);
    }
    if (decision.quiet !== null) expect(decision.mutations).toEqual([]);
    const { next } = decision;
    if ('atMs' in next) expect(next.atMs).toBeGreaterThanOrEqual(nowMs);
    if (next.why === 'retry') expect(next.timeoutMs).toBeLessThanOrEqual(policy.timeoutMs);
    if (next.why === 'verify') {
      expect(policy.verifiers).toBe('configured');
      expect(Math.min(next.askAtMs, next.lookAtMs)).toBeGreaterThanOrEqual(nowMs);
      asked = [...asked, next.sinceMs].slice(-2);
    }
    expect(after.recent.startsMs.length).toBeLessThanOrEqual(policy.flap.starts);
    // A failure is told or suspected, never both.
    if (after.open !== null && isFailing(after.open)) expect(after.suspicion).toBeNull();
    known = after;
  }

  function takeLook({ state, shape, tookMs }: Look): void {
    const seenAtMs = nowMs;
    nowMs += tookMs;
    const inWindow = isWithin(known.maintenance, seenAtMs) || isWithin(known.maintenance, nowMs);
    const swallows = state === 'Seems Down' && inWindow;
    if (state === 'Seems Down' && !swallows) {
      const firstMs = failures.count === 0 ? seenAtMs : Math.min(failures.firstMs, nowMs);
      failures = { count: failures.count + 1, firstMs };
    }
    const before = known;
    const decision = decide(known, verdictOf(state, shape), { seenAtMs, doneAtMs: nowMs, nowMs }, policy);
    write(decision, policy.verifiers === 'none');
    if (state !== 'Seems Down' && state !== 'Unknown') failures.count = 0;
    if (swallows) failures.count = 0;
    expect(decision.swallowed).toBe(swallows);
    if (state === 'Unknown') expect(known).toEqual({ ...before, recent: known.recent });
    if (state === 'Up' && known.recent.braked === null) expect(known.open).toBeNull();
    if (state === 'Up' || swallows) {
      expect(known.suspicion).toBeNull();
      expect(known.open !== null && isFailing(known.open)).toBe(false);
    }
    if (state === 'Seems Down' && !swallows && shape === 'answered') {
      expect(known.open !== null && isFailing(known.open)).toBe(true);
    }
  }

  function takeAnswer(outcome: Outcome, late: boolean): void {
    const sinceMs = late ? asked[0] : asked.at(-1);
    if (sinceMs === undefined) return;
    const before = known;
    const decision = decideVerified(known, { verification: verification(outcome, ['eu']), sinceMs }, nowMs, policy);
    write(decision, outcome === 'confirmed');
    if (decision.next.why === 'as_planned') expect(known).toEqual(before);
    else if (outcome === 'refuted' || decision.swallowed) failures.count = 0;
  }

  return {
    take(step: Step): void {
      switch (step.kind) {
        case 'look':
          takeLook(step);
          break;
        case 'answer':
          takeAnswer(step.outcome, step.late);
          break;
        case 'wait':
          nowMs += step.ms;
          break;
        case 'window':
          known = {
            ...known,
            maintenance: { startMs: nowMs + step.fromNowMs, endMs: nowMs + step.fromNowMs + step.lengthMs },
          };
          break;
        case 'closed by hand':
          if (known.open !== null && isFailing(known.open)) failures.count = 0;
          known = { ...known, open: null };
      }
    },
  };
}
