import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { DEFAULT_POLICY } from '../../domain/decision-policy.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { NOTHING_RECENT } from '../../domain/incident.ts';
import type { Outcome, Verification } from '../../domain/verification.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { type AskingParts, createAsking } from './asking.ts';
import type { Decided } from './decided.ts';
import { createDetectionCounts } from './detection-counts.ts';
import { createSettle } from './settle.ts';
import type { Target } from './target.ts';

const nowMs = createFakeClock().nowMs();
const SINCE = nowMs - 20_000;
const NEXT = { why: 'verify', askAtMs: nowMs, lookAtMs: nowMs + 15_000, sinceMs: SINCE } as const;

/** A failure that our own looks have confirmed, and that nobody was told of. */
function suspect(): Target {
  const verdict = { check: 'http', state: 'Seems Down', reason: 'tcp_refused', summary: '' } as const;
  const nothing = { httpCode: null, address: null, certificateExpiresAtMs: null, evidence: null };
  const observation = { startedAtMs: SINCE, timings: { total: 1 }, verdicts: [verdict], ...nothing };
  const suspicion = { sinceMs: SINCE, attempts: 3, lastMs: nowMs };
  const memory = { suspicion: suspicion as never, recent: NOTHING_RECENT, failure: { observation, verdict } };
  return {
    ...{ slot: 0, endpointId: 2n as EndpointId, siteId: 1n as SiteId, url: 'http://site.example/' },
    ...{ intervalMs: 60_000, timeoutMs: 10_000, plan: null, maintenance: null, usualMs: null },
    ...{ incidents: new Map(), memory: new Map([['http', memory]]) },
    ...{ isJudged: false, looksUndecided: 0, extrasUndecided: 0, epoch: 0, turn: Promise.resolve(), retired: false },
  };
}

function asker() {
  const asked: { withdrawn: AbortSignal; answer(outcome: Outcome): void; fail(error: Error): void }[] = [];
  const appended: Decided[] = [];
  const failures: unknown[] = [];
  const parts: AskingParts = {
    confirm: {
      isConfigured: true,
      ask(_, withdrawn) {
        const { promise, resolve, reject } = Promise.withResolvers<Verification>();
        const rest = { requestId: 'r', votes: [], quorum: 2, regions: 3, downRegions: [] };
        asked.push({ withdrawn, answer: (outcome) => resolve({ outcome, ...rest }), fail: reject });
        return promise;
      },
    },
    append: async (decided) => appended.push(decided) > 0,
    counts: createDetectionCounts(createMetrics()),
    heldBack: { decided() {}, withdrawn() {} },
    clock: createFakeClock(),
    policy: () => ({ attemptsToConfirm: 3, ...DEFAULT_POLICY, verifiers: 'configured' }),
    inTurn: (target, work) => {
      target.turn = target.turn.then(work).catch((error) => void failures.push(error));
    },
    arm() {},
    onLateWrite() {},
  };
  const asking = createAsking(parts);
  /** Lets what is on its way arrive. */
  const settled = async (target: Target) => {
    await new Promise(setImmediate);
    await target.turn;
  };
  return { parts, asking, asked, appended, failures, settled };
}

describe('a failure that waits to be asked about again', () => {
  it('is asked about at once when there are others to ask, and nothing else is', async () => {
    const { asking, asked, settled } = asker();
    const target = suspect();
    asking.askAgain(target);
    expect(asked).toHaveLength(0);
    asking.consider(target, 'http', NEXT);
    asking.askAgain(target);
    expect(asked).toHaveLength(1);
    asked[0]?.answer('no_verdict');
    await settled(target);
    asking.askAgain(target);
    expect(asked).toHaveLength(2);
  });
});

describe('a question', () => {
  it('is asked once at a time, and decided on when it is answered', async () => {
    const { asking, asked, appended, settled } = asker();
    const target = suspect();
    asking.consider(target, 'http', NEXT);
    asking.consider(target, 'http', NEXT);
    expect([asked.length, asking.open()]).toEqual([1, 1]);
    asked[0]?.answer('confirmed');
    await settled(target);
    expect(appended.map(({ decision }) => decision.mutations)).toMatchObject([[{ op: 'open', state: 'Down' }]]);
    expect(asking.open()).toBe(0);
  });

  it('that is withdrawn is told to those who were asked, and whatever they say changes nothing', async () => {
    const { asking, asked, appended, settled } = asker();
    const target = suspect();
    asking.consider(target, 'http', NEXT);
    asking.withdraw(target, 'tls');
    expect(asked[0]?.withdrawn.aborted).toBe(false);
    asking.withdraw(target, 'http');
    expect(asked[0]?.withdrawn.aborted).toBe(true);
    // What fails anew is asked about anew.
    asking.consider(target, 'http', NEXT);
    expect(asked[1]?.withdrawn.aborted).toBe(false);
    asked[0]?.answer('refuted');
    await settled(target);
    expect(appended).toEqual([]);
    asked[1]?.answer('confirmed');
    await settled(target);
    expect(appended).toHaveLength(1);
    expect(asking.open()).toBe(0);
  });

  it('is withdrawn even when its answer waits for its turn already', async () => {
    const { asking, asked, appended, settled } = asker();
    const target = suspect();
    const { promise: turn, resolve: next } = Promise.withResolvers<void>();
    target.turn = turn;
    asking.consider(target, 'http', NEXT);
    asked[0]?.answer('refuted');
    await new Promise(setImmediate);
    asking.withdraw(target, 'http');
    next();
    await settled(target);
    expect(appended).toEqual([]);
  });

  it('that fails in a way it must not is told, and is asked again', async () => {
    const { asking, asked, failures, settled } = asker();
    const target = suspect();
    asking.consider(target, 'http', NEXT);
    asked[0]?.fail(new Error('a fault of ours'));
    await settled(target);
    expect(failures).toMatchObject([{ message: 'a fault of ours' }]);
    asking.consider(target, 'http', NEXT);
    expect([asked.length, asking.open()]).toEqual([2, 1]);
  });
});

describe('a suspicion that our own gate takes back', () => {
  it('takes back the question about it as well', async () => {
    const { parts, asked, appended, settled } = asker();
    const settle = createSettle({
      ...parts,
      // So that it stays a suspicion until verifiers have spoken.
      gate: { judge: () => ({ kind: 'ask_verifiers_only', reason: 'mass_failure', summary: '' }) },
      linkCause: async () => {},
      runtime: { record() {} },
      history: { add() {}, addBlind() {} },
      ownFailures: { saw() {} },
      onResult() {},
    });
    const target = suspect();
    const failed = target.memory.get('http')?.failure?.observation;
    if (failed === undefined) throw new Error('nothing failed');
    await settle.look(target, { ...failed, startedAtMs: nowMs - 1_000 }, 0, false);
    expect([asked.length, settle.questions()]).toEqual([1, 1]);
    await settle.withdraw(target, 'network_unproven');
    expect(asked[0]?.withdrawn.aborted).toBe(true);
    asked[0]?.answer('refuted');
    await settled(target);
    expect(appended.filter(({ verification }) => verification !== undefined)).toEqual([]);
    expect(settle.questions()).toBe(0);
  });
});
