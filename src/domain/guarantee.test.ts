import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applied, NOTHING_KNOWN, POLICY, VERIFIED, verdictOf, verification } from '../../test/kit/decisions.ts';
import { runs } from '../../test/kit/runs.ts';
import { decide } from './decide.ts';
import { decideVerified } from './decide-verified.ts';
import type { DecisionPolicy } from './decision-policy.ts';
import { guarantee } from './guarantee.ts';
import { type Decision, type Known, NOTHING_RECENT } from './incident.ts';
import { nextRetry } from './retries.ts';
import type { FailureShape } from './verdict.ts';

type Outage = { fromMs: number; toMs: number; shape: FailureShape };

/** What a wheel holds: a look that is to begin, one that comes back, or an answer of the verifiers. */
type Due = { atMs: number; run: () => void };

const RTT_MS = 40;

/**
 * One endpoint with one outage, looked at as the decisions say, every retry when it is due. A look that lies within the
 * outage fails, one that lies outside does not, and one that lies across its border goes as `chance` says. Returns when
 * the outage was Down, null: never.
 */
function simulate(policy: DecisionPolicy, outage: Outage, phaseMs: number, start: Known, chance: () => boolean) {
  let known = start;
  let queue: Due[] = [];
  let nowMs = 0;
  let downAtMs: number | null = null;
  let isAsking = false;
  /** What is out or planned belongs to a round; whatever settles the matter begins a new one. */
  let round = 0;
  const at = (atMs: number, run: () => void) => queue.push({ atMs, run });

  function begin(timeoutMs: number, of: number): void {
    if (of !== round) return;
    const seenAtMs = nowMs;
    const failsAfterMs = outage.shape === 'silent' ? timeoutMs : RTT_MS;
    const within = outage.fromMs <= seenAtMs && seenAtMs + failsAfterMs <= outage.toMs;
    const outside = outage.toMs <= seenAtMs || seenAtMs + RTT_MS <= outage.fromMs;
    const fails = within || (!outside && chance());
    // A look that was met with silence is answered no sooner than the silence ends.
    const silentForMs = within || outside || seenAtMs < outage.fromMs ? 0 : outage.toMs - seenAtMs;
    const tookMs = fails ? failsAfterMs : RTT_MS + (outage.shape === 'silent' ? silentForMs : 0);
    at(seenAtMs + tookMs, () => {
      if (of !== round) return;
      const verdict = fails ? verdictOf('Seems Down', outage.shape) : verdictOf('Up');
      follow(decide(known, verdict, { seenAtMs, doneAtMs: nowMs, nowMs }, policy));
    });
  }

  function plan(atMs: number, timeoutMs = policy.timeoutMs): void {
    const of = round;
    at(atMs, () => begin(timeoutMs, of));
  }

  function ask(atMs: number, sinceMs: number): void {
    if (isAsking) return;
    isAsking = true;
    at(atMs, () => {
      const askedMs = nowMs;
      at(askedMs + policy.timeoutMs + 5_000, () => {
        isAsking = false;
        const outcome = outage.fromMs <= askedMs && nowMs <= outage.toMs ? 'confirmed' : 'no_verdict';
        follow(decideVerified(known, { verification: verification(outcome), sinceMs }, nowMs, policy));
      });
    });
  }

  function follow(decision: Decision): void {
    const before = known.open?.failing ?? known.suspicion;
    known = applied(known, decision, nowMs).known;
    if (known.open?.state === 'Down') downAtMs ??= nowMs;
    const { next } = decision;
    if (next.why === 'as_planned') return;
    if (next.why === 'retry') {
      const run = decision.failing ?? decision.suspicion;
      if (before !== null || run === null) return;
      round += 1;
      for (let { attempts } = run; attempts < policy.attemptsToConfirm; attempts += 1) {
        const { atMs, timeoutMs } = nextRetry({ ...run, attempts }, nowMs, policy);
        plan(atMs, timeoutMs);
      }
      return;
    }
    round += 1;
    if (next.why === 'verify') ask(next.askAtMs, next.sinceMs);
    const sinceRoundMs = (nowMs - phaseMs) % policy.intervalMs;
    if (next.why === 'interval') plan(nowMs - sinceRoundMs + policy.intervalMs);
    else plan(next.why === 'verify' ? next.lookAtMs : next.atMs);
  }

  plan(phaseMs);
  // What was begun is finished: the retries that follow a short outage are over a while after it.
  while (nowMs <= outage.toMs + 300_000) {
    queue = queue.toSorted((a, b) => a.atMs - b.atMs);
    const due = queue.shift();
    if (due === undefined) throw new Error('nobody looks any more');
    nowMs = due.atMs;
    due.run();
  }
  return downAtMs;
}

const policies = fc
  .record({
    base: fc.constantFrom(POLICY, VERIFIED),
    attemptsToConfirm: fc.integer({ min: 1, max: 6 }),
    intervalMs: fc.constantFrom(5_000, 15_000, 60_000, 300_000),
    timeoutMs: fc.constantFrom(1_000, 10_000, 30_000),
    usualMs: fc.constantFrom(null, 50, 4_000),
  })
  .map(({ base, ...rest }): DecisionPolicy => ({ ...base, ...rest }));

const circumstances = fc.record({
  policy: policies,
  fromMs: fc.integer({ min: 400_000, max: 1_000_000 }),
  phase: fc.double({ min: 0, max: 0.999, noNaN: true }),
  shape: fc.constantFrom<FailureShape>('answered', 'refused', 'silent', 'name'),
  /** When it recovered last, or was falsely alarmed, before the outage. */
  agoMs: fc.integer({ min: 1, max: 600_000 }),
  lately: fc.constantFrom('nothing', 'recovered', 'false alarm'),
  part: fc.double({ min: 0, max: 0.999, noNaN: true }),
  seed: fc.nat(),
});

type Drawn = typeof circumstances extends fc.Arbitrary<infer T> ? T : never;

function play({ policy, fromMs, phase, shape, agoMs, lately, seed }: Omit<Drawn, 'part'>, lengthMs: number) {
  const recent = {
    ...NOTHING_RECENT,
    ...(lately === 'recovered' ? { recoveredAtMs: fromMs - agoMs } : {}),
    ...(lately === 'false alarm' ? { falseAlarmAtMs: fromMs - agoMs } : {}),
  };
  let state = seed;
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >= 0x80000000;
  };
  const outage = { fromMs, toMs: fromMs + lengthMs, shape };
  return simulate(policy, outage, Math.floor(phase * policy.intervalMs), { ...NOTHING_KNOWN, recent }, chance);
}

describe('the guarantee of a policy', () => {
  it('is kept by an outage of any phase and shape that lasts longer: it is Down in time', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(circumstances, (drawn) => {
        const { reportedAfterMs } = guarantee(drawn.policy);
        const downAtMs = play(drawn, reportedAfterMs + 1);
        expect(downAtMs).not.toBeNull();
        expect((downAtMs ?? 0) - drawn.fromMs).toBeLessThanOrEqual(reportedAfterMs);
      }),
      { numRuns: 500 },
    );
  });

  it('is kept by one that is shorter: it is never Down', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(circumstances, (drawn) => {
        const { neverDownBelowMs } = guarantee(drawn.policy);
        fc.pre(neverDownBelowMs > 0);
        expect(play(drawn, Math.floor(drawn.part * neverDownBelowMs))).toBeNull();
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('is as good as the policy allows', () => {
    expect(guarantee(POLICY)).toEqual({ reportedAfterMs: 60_000 + 10_000 + 15_000, neverDownBelowMs: 5_000 });
    expect(guarantee(VERIFIED)).toEqual({
      reportedAfterMs: 60_000 + 10_000 + 10_000 + 15_000,
      neverDownBelowMs: 5_000,
    });
    expect(guarantee({ ...POLICY, attemptsToConfirm: 1 }).neverDownBelowMs).toBe(0);
  });
});
