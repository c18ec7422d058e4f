/** What a policy guarantees, kept by the wheel, dispatch, judge and decision together: clock and prober alone are made up. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verification } from '../../test/kit/decisions.ts';
import { testEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { DEFAULT_POLICY, type ServerPolicy } from '../domain/decision-policy.ts';
import { guarantee } from '../domain/guarantee.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { FailureShape, Verdict } from '../domain/verdict.ts';
import type { Outcome } from '../domain/verification.ts';
import type { Confirm, Question } from './judge/confirm.ts';

const STEP_MS = 250;
const RTT_MS = 40;
/** What wheel and dispatch may add: a slot at each of the looks, the step of this test, and the time that answers take. */
const MACHINE_MS = 4 * STEP_MS + 2_000;
/** The site that fails, and enough others that are well to show that our network works. */
const OTHERS = 5;

type Drawn = {
  attemptsToConfirm: number;
  intervalSeconds: number;
  timeoutMs: number;
  isVerified: boolean;
  shape: FailureShape;
  onset: number;
  part: number;
  answersLate: number;
};

const drawn: fc.Arbitrary<Drawn> = fc.record({
  attemptsToConfirm: fc.integer({ min: 2, max: 5 }),
  intervalSeconds: fc.constantFrom(5, 15, 30, 60),
  timeoutMs: fc.constantFrom(1_000, 4_000, 10_000),
  isVerified: fc.boolean(),
  shape: fc.constantFrom<FailureShape>('answered', 'refused', 'silent', 'name'),
  onset: fc.double({ min: 0, max: 0.999, noNaN: true }),
  part: fc.double({ min: 0.02, max: 0.999, noNaN: true }),
  answersLate: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** One outage in the life of a whole engine. Resolves with when the site was Down after it began, ms; null: it never was. */
async function live(drawn: Drawn, lengthOf: (promised: ReturnType<typeof guarantee>) => number) {
  const { attemptsToConfirm, intervalSeconds, timeoutMs, isVerified, shape, onset, answersLate } = drawn;
  const verifiers = isVerified ? ('configured' as const) : ('none' as const);
  const policy: ServerPolicy = { ...DEFAULT_POLICY, attemptsToConfirm, verifiers };
  const intervalMs = intervalSeconds * 1_000;
  const promised = guarantee({ ...policy, intervalMs, timeoutMs, usualMs: RTT_MS });
  const store = await temporaryStore();
  const outage = { fromMs: Number.POSITIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  const confirm = { ask: (_question: Question): Promise<Outcome> => Promise.resolve('no_verdict') };
  const port: Confirm = {
    isConfigured: isVerified,
    ask: async (question) => verification(await confirm.ask(question)),
  };
  const bench = await testEngine({
    store,
    parts: { timeoutMs, policy: () => policy, createConfirm: () => port },
  });
  const { clock, prober, engine } = bench;
  const isDuring = (atMs: number) => outage.fromMs <= atMs && atMs < outage.toMs;
  confirm.ask = (question) => {
    const askedMs = clock.nowMs();
    const tookMs = RTT_MS + answersLate * (question.timeoutMs + 4_000);
    return new Promise((resolve) => {
      clock.after(tookMs, () => resolve(isDuring(askedMs) && isDuring(clock.nowMs()) ? 'confirmed' : 'no_verdict'));
    });
  };
  const watched = await store.addEndpoint({ url: 'https://site-0.example/' });
  const all = [watched];
  for (let nth = 1; nth <= OTHERS; nth += 1) all.push(await store.addEndpoint({ url: `https://site-${nth}.example/` }));
  for (const { endpointId } of all) await store.endpoints.update(EVERY_SITE, endpointId, { intervalSeconds });
  const isWatched = (url: string) => url === watched.url;
  /** A look that begins within the outage fails, though the outage may be over before a silent one is. */
  const fails = (url: string) => isWatched(url) && isDuring(clock.nowMs());
  prober.locate(({ url }) => `93.${/site-(\d+)/.exec(url)?.[1] ?? 0}.1.1`);
  prober.script(
    ({ url }): Verdict[] => [fails(url) ? { ...verdict('Seems Down'), shape } : verdict('Up')],
    (job) => {
      if (!fails(job.url)) return RTT_MS;
      return shape === 'silent' ? job.timeoutMs : RTT_MS;
    },
  );
  await engine.start();
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= STEP_MS) {
      clock.advance(Math.min(STEP_MS, left));
      await bench.quiet();
    }
  };
  await pass(2 * intervalMs + Math.floor(onset * intervalMs));
  const lengthMs = lengthOf(promised);
  outage.fromMs = clock.nowMs();
  outage.toMs = outage.fromMs + lengthMs;
  await pass(lengthMs + MACHINE_MS + intervalMs + 2 * timeoutMs + 20_000);
  const events = await store.queries.list(EVERY_SITE, { siteId: watched.siteId, checkTypes: ['http'], limit: 100 });
  let downAfterMs: number | null = null;
  for (const { eventId } of events) {
    for (const { stateAfter, changedAtMs } of await store.queries.transitions(EVERY_SITE, eventId, { limit: 100 })) {
      if (stateAfter !== 'Down') continue;
      downAfterMs = Math.min(downAfterMs ?? Number.POSITIVE_INFINITY, changedAtMs - outage.fromMs);
    }
  }
  await engine.stop();
  return { promised, downAfterMs };
}

const RUNS = 12;

it('an outage that lasts longer than is promised is Down in time', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (one) => {
      const { promised, downAfterMs } = await live(one, ({ reportedAfterMs }) => reportedAfterMs + MACHINE_MS);
      expect(downAfterMs).not.toBeNull();
      expect(downAfterMs ?? 0).toBeLessThanOrEqual(promised.reportedAfterMs + MACHINE_MS);
    }),
    { numRuns: RUNS },
  );
});

it('one that is shorter than is promised is never Down', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (one) => {
      const { downAfterMs } = await live(one, ({ neverDownBelowMs }) => Math.floor(one.part * neverDownBelowMs));
      expect(downAfterMs).toBeNull();
    }),
    { numRuns: RUNS },
  );
});
