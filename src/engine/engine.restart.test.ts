/** What a restart, and a change of a site, must not forget: what happened lately weighs on what happens next. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { type TestEngineOptions, testEngine, up, watchingEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { countStatements, temporaryStore } from '../../test/kit/store.ts';
import { DEFAULT_POLICY } from '../domain/decision-policy.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Outcome } from '../domain/verification.ts';
import { createRecentTransitions } from '../store/recent-transitions.ts';
import type { Confirm } from './judge/confirm.ts';

const MINUTE = 60_000;
const POLICY = { attemptsToConfirm: 3, ...DEFAULT_POLICY };

/** A connection that did not come about: weak evidence when trouble was there a moment ago. */
const refused = () => [{ ...verdict('Seems Down'), shape: 'refused' as const }];
const answered = () => [{ ...verdict('Seems Down'), shape: 'answered' as const }];

type Bench = Awaited<ReturnType<typeof watchingEngine>>;

/** The engine ends, and another begins on what it left behind. */
async function restarted({ engine, store, clock }: Bench, parts: TestEngineOptions['parts'] = {}) {
  await engine.stop();
  const bench = await testEngine({ store, clock, parts });
  await bench.engine.start();
  return bench;
}

async function outage({ prober, run }: Pick<Bench, 'prober' | 'run'>): Promise<void> {
  prober.script(answered);
  await run(61_000);
  prober.script(up);
  await run(16_000);
}

const verifiersSay = (outcome: () => Outcome): Confirm => ({
  isConfigured: true,
  ask: async () => ({ requestId: 'r', outcome: outcome(), votes: [], quorum: 1, regions: 1, downRegions: [] }),
});

describe('after a restart', () => {
  it('a recovery of a moment ago still makes a refused connection weak evidence', async () => {
    const afterRecovery = { intervals: 1, minMs: 3 * MINUTE, maxMs: 5 * MINUTE };
    const policy = () => ({ ...POLICY, dampening: { ...POLICY.dampening, afterRecovery } });
    const bench = await watchingEngine({ parts: { policy } });
    await outage(bench);
    expect((await bench.open()).size).toBe(0);
    const { prober, run, open } = await restarted(bench, { policy });
    prober.script(() => null);
    await run(MINUTE);
    expect(prober.out()).toHaveLength(1);
    prober.answer(prober.out()[0]?.id ?? 0, refused());
    await run(1_000);
    expect((await open()).size).toBe(0);
    prober.script(up);
    await run(2 * MINUTE);
    expect(await bench.allEvents()).toHaveLength(1);
  });

  it('takes away the cause that an earlier run linked once something else is seen', async () => {
    const bench = await watchingEngine();
    const expiry = verdict('Warning', 'tls_expiry');
    bench.prober.script(() => [{ ...verdict('Seems Down'), reason: 'tls_expired', shape: 'answered' }, expiry]);
    await bench.run(61_000);
    const cause = async () => (await bench.allEvents()).find(({ checkType }) => checkType === 'http')?.causeEventId;
    expect(await cause()).not.toBeNull();
    const after = await restarted(bench);
    after.prober.script(() => [{ ...verdict('Seems Down'), shape: 'answered' }, expiry]);
    await after.run(61_000);
    expect(await cause()).toBeNull();
    expect(await brokenInvariants(bench.store.db)).toEqual([]);
  });

  it('a recovery of long ago weighs on nothing', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    await bench.run(6 * MINUTE);
    const { prober, run, open } = await restarted(bench);
    prober.script(refused);
    await run(MINUTE + 1_000);
    expect((await open()).size).toBe(1);
  });

  it('a site keeps its place in the round whatever happened lately', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    const { prober, run } = await restarted(bench);
    prober.script(up);
    await run(5_000);
    expect(prober.jobs).toHaveLength(0);
    await run(MINUTE);
    expect(prober.jobs).toHaveLength(1);
  });

  it('a false alarm of a moment ago still makes a refused connection weak evidence', async () => {
    const createConfirm = () => verifiersSay(() => 'refuted');
    const policy = () => ({ ...POLICY, verifiers: 'configured' as const });
    const bench = await watchingEngine({ parts: { createConfirm, policy } });
    await outage(bench);
    expect((await bench.allEvents()).map(({ resolutionReason }) => resolutionReason)).toContain('false_alarm');
    const before = (await bench.allEvents()).length;
    const { prober, run } = await restarted(bench, { createConfirm, policy });
    prober.script(refused);
    await run(MINUTE + 5_000);
    expect(prober.jobs.length).toBeGreaterThan(1);
    expect(await bench.allEvents()).toHaveLength(before);
  });

  it('the failures before it count for the flap brake', async () => {
    const bench = await watchingEngine();
    for (let times = 0; times < 3; times += 1) await outage(bench);
    expect((await bench.open()).size).toBe(0);
    const next = await restarted(bench);
    await outage(next);
    expect((await next.open()).get(bench.endpoint.endpointId)).toEqual(new Map([['http', 'Degraded']]));
    expect(await brokenInvariants(bench.store.db)).toEqual([]);
  });

  it('an event that the brake keeps open closes only once the site was seen well for long enough', async () => {
    const bench = await watchingEngine();
    for (let times = 0; times < 4; times += 1) await outage(bench);
    const isBraked = new Map([['http', 'Degraded']]);
    expect((await bench.open()).get(bench.endpoint.endpointId)).toEqual(isBraked);
    const { prober, run, open } = await restarted(bench);
    prober.script(up);
    await run(MINUTE);
    expect((await open()).get(bench.endpoint.endpointId)).toEqual(isBraked);
    await run(2 * MINUTE);
    expect((await open()).size).toBe(0);
    expect(await brokenInvariants(bench.store.db)).toEqual([]);
  });

  it('a failure that was being confirmed quietly is counted anew: that is only a later start', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    bench.prober.script(refused);
    await bench.run(MINUTE);
    const { prober, run, open } = await restarted(bench);
    prober.script(refused);
    await run(MINUTE + 15_000);
    expect((await open()).get(bench.endpoint.endpointId)).toEqual(new Map([['http', 'Down']]));
  });

  it('what happened lately is read in one statement, however many sites were in trouble', async () => {
    const store = await temporaryStore();
    const counted = countStatements(store.db);
    const recentTransitions = createRecentTransitions(counted.db);
    const bench = await watchingEngine({ store });
    await outage(bench);
    await restarted(bench, { recentTransitions });
    expect(counted.sent()).toEqual(['SelectQueryNode']);
  });
});

describe('after a change of a site', () => {
  it('what happened lately is known as before', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    const { prober, run, open, changed, endpoint, store } = bench;
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    prober.script(refused);
    await changed(endpoint);
    await run(1_000);
    expect((await open()).size).toBe(0);
  });

  it('to another URL it is known no more', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    const { prober, run, open, changed, endpoint, store } = bench;
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { url: 'https://elsewhere.example/' });
    prober.script(refused);
    await changed(endpoint);
    await run(1_000);
    expect((await open()).size).toBe(1);
  });
});
