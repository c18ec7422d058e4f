/** The hard corners: an endpoint is replaced, removed or the engine ends while a look, an answer or a write is out. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { verification } from '../../test/kit/decisions.ts';
import { failing, gatedStore, testEngine, up, watchingEngine } from '../../test/kit/engine.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { DEFAULT_POLICY } from '../domain/decision-policy.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Outcome, Verification } from '../domain/verification.ts';
import type { Confirm, Question } from './judge/confirm.ts';

const MINUTE = 60_000;

/** Verifiers that answer when the test says so. */
function patientVerifiers() {
  const asked: { question: Question; answer(outcome: Outcome): void }[] = [];
  const confirm: Confirm = {
    isConfigured: true,
    ask(question) {
      const { promise, resolve } = Promise.withResolvers<Verification>();
      asked.push({ question, answer: (outcome) => resolve(verification(outcome)) });
      return promise;
    },
  };
  const parts = {
    createConfirm: () => confirm,
    policy: () => ({ attemptsToConfirm: 3, ...DEFAULT_POLICY, verifiers: 'configured' as const }),
  };
  return { asked, parts };
}

type Bench = Awaited<ReturnType<typeof watchingEngine>>;

/** States of what is open on the one endpoint. */
async function stateOf({ open, endpoint }: Bench) {
  return (await open()).get(endpoint.endpointId)?.get('http') ?? null;
}

/** Of an endpoint whose site is well. More than its interval asks for: it is armed twice; fewer: it was orphaned. */
async function looksInTenMinutes({ prober, run }: Pick<Bench, 'prober' | 'run'>): Promise<number> {
  prober.script(up);
  await run(MINUTE);
  const before = prober.jobs.length;
  await run(10 * MINUTE);
  expect(prober.out()).toEqual([]);
  return prober.jobs.length - before;
}

describe('an endpoint that is changed', () => {
  it('while its look is out: the late result is dropped, and it is armed once', async () => {
    const bench = await watchingEngine();
    const { run, prober, onlyJob, endpoint, store, changed } = bench;
    await run(100);
    const { id } = onlyJob();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    await changed(endpoint);
    await run(100);
    expect(prober.out()).toHaveLength(2);
    prober.answer(id, failing());
    await run(200);
    expect(await bench.allEvents()).toEqual([]);
    for (const { id: newer } of prober.out()) prober.answer(newer, up());
    expect(await looksInTenMinutes(bench)).toBe(10);
  });

  it('while its retry is out: what is confirmed goes on with the count that stood in the log', async () => {
    const bench = await watchingEngine();
    const { run, prober, endpoint, store, changed } = bench;
    prober.script(failing);
    await run(200);
    prober.script(() => null);
    await run(2_500);
    const [retry] = prober.out();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    await changed(endpoint);
    prober.answer(retry?.id ?? 0, up());
    await run(200);
    expect(await stateOf(bench)).toBe('Seems Down');
    prober.script(failing);
    for (const { id } of prober.out()) prober.answer(id, failing());
    await run(6_000);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('while verifiers are asked: the late answer is dropped, they are asked again, and it is armed once', async () => {
    const { asked, parts } = patientVerifiers();
    const bench = await watchingEngine({ parts });
    const { run, prober, endpoint, store, changed } = bench;
    prober.script(failing);
    await run(12_000);
    expect(asked).toHaveLength(1);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    await changed(endpoint);
    asked[0]?.answer('refuted');
    await run(1_000);
    expect(await stateOf(bench)).toBe('Seems Down');
    expect(asked).toHaveLength(2);
    asked[1]?.answer('confirmed');
    await run(1_000);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
    expect((await bench.open()).size).toBe(0);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('while an answer of verifiers is being written: what is written is known to the one that takes its place', async () => {
    const { asked, parts } = patientVerifiers();
    const { store, gate } = await gatedStore();
    const bench = await watchingEngine({ store, parts });
    const { run, prober, endpoint, changed, quiet } = bench;
    prober.script(failing);
    await run(12_000);
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    asked[0]?.answer('confirmed');
    await run(200);
    prober.script(up);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { intervalSeconds: 120 });
    await changed(endpoint);
    gate.before = async () => {};
    written.resolve();
    await quiet();
    await run(5 * MINUTE);
    expect((await bench.open()).size).toBe(0);
    expect(await looksInTenMinutes(bench)).toBe(5);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('twenty times while it fails is armed once in the end', async () => {
    const bench = await watchingEngine();
    const { run, prober, endpoint, store, changed } = bench;
    prober.script(failing);
    for (let times = 1; times <= 20; times += 1) {
      await run(50 * times);
      await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 2 + (times % 5) });
      await changed(endpoint);
    }
    await run(MINUTE);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });
});

describe('a write that is refused late', () => {
  it('after its target was replaced, costs the one in its place nothing but one more look', async () => {
    const { store, gate } = await gatedStore();
    const bench = await watchingEngine({ store });
    const { run, prober, endpoint, changed, quiet } = bench;
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    gate.before = async () => {};
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    await changed(endpoint);
    written.reject(new Error('the disk is full'));
    await quiet();
    await run(MINUTE);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
    expect((await bench.open()).size).toBe(0);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('after its endpoint was paused, does not bring it back', async () => {
    const { store, gate } = await gatedStore();
    const bench = await watchingEngine({ store });
    const { run, prober, pause, quiet, engine } = bench;
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    await pause();
    written.reject(new Error('the disk is full'));
    await quiet();
    await run(3 * MINUTE);
    expect(engine.watched()).toBe(0);
    expect(prober.jobs).toHaveLength(1);
  });

  it('after another took its slot, leaves that other alone', async () => {
    const { store, gate } = await gatedStore();
    const bench = await watchingEngine({ store });
    const { run, prober, pause, quiet, endpoint, engine } = bench;
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    gate.before = async () => {};
    await pause();
    const other = await store.addEndpoint();
    await bench.changed(other);
    prober.script((job) => (job.url === other.url ? up() : failing()));
    await run(200);
    written.reject(new Error('the disk is full'));
    await quiet();
    expect(await looksInTenMinutes(bench)).toBe(10);
    expect(engine.watched()).toBe(1);
    expect(prober.jobs.filter(({ job }) => job.url === endpoint.url)).toHaveLength(1);
    expect((await bench.open()).size).toBe(0);
  });
});

describe('two looks of one endpoint that come back at once', () => {
  it('count both when both failed', async () => {
    const bench = await watchingEngine();
    const { run, prober } = bench;
    prober.script(failing);
    await run(200);
    prober.script(() => null);
    await run(6_000);
    expect(prober.out()).toHaveLength(2);
    for (const { id } of prober.out()) prober.answer(id, failing());
    await run(200);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
  });

  it('end a failure that is being confirmed when the second found the site well', async () => {
    const bench = await watchingEngine();
    const { run, prober } = bench;
    prober.script(failing);
    await run(200);
    prober.script(() => null);
    await run(6_000);
    const [first, second] = prober.out();
    prober.answer(first?.id ?? 0, failing());
    prober.answer(second?.id ?? 0, up());
    await run(200);
    expect(await stateOf(bench)).toBeNull();
    expect(await looksInTenMinutes(bench)).toBe(10);
  });

  it('count both when the second comes while the first is being written', async () => {
    const { store, gate } = await gatedStore();
    const bench = await watchingEngine({ store });
    const { run, prober, quiet } = bench;
    prober.script(failing);
    await run(200);
    prober.script(() => null);
    await run(6_000);
    const [first, second] = prober.out();
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.answer(first?.id ?? 0, failing());
    await run(200);
    prober.answer(second?.id ?? 0, failing());
    written.resolve();
    await quiet();
    await run(200);
    expect(await stateOf(bench)).toBe('Down');
    expect(await looksInTenMinutes(bench)).toBe(10);
  });
});

describe('the end', () => {
  it('while a decision is being written waits for it, and looks that are out are not recorded', async () => {
    const { store, gate, appends } = await gatedStore();
    const bench = await watchingEngine({ store });
    const { engine, run, prober, quiet, history, endpoint, clock, runtime } = bench;
    prober.script(failing);
    await run(200);
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    await run(3_000);
    prober.script(() => null);
    await run(4_000);
    expect(appends).toHaveLength(2);
    const cancelled = prober.out().map(({ id }) => id);
    expect(cancelled).toHaveLength(1);
    let stopped = false;
    const stopping = engine.stop().then(() => {
      stopped = true;
    });
    await quiet();
    for (const id of cancelled) prober.answer(id, up());
    clock.advance(1_000);
    await quiet();
    expect(stopped).toBe(false);
    written.resolve();
    await stopping;
    expect(await stateOf(bench)).toBe('Seems Down');
    expect((await store.events.openIncidentsOf(endpoint.endpointId)).get('http')?.failing?.attempts).toBe(2);
    expect(await history.samples(endpoint.endpointId, 0, clock.nowMs() + 1, 10)).toEqual([]);
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Seems Down');
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('during a verification does not wait for the answer, and the next start asks again', async () => {
    const { asked, parts } = patientVerifiers();
    const bench = await watchingEngine({ parts });
    const { engine, run, prober, store, clock } = bench;
    prober.script(failing);
    await run(12_000);
    expect(asked).toHaveLength(1);
    await engine.stop();
    const before = await store.queries.list(EVERY_SITE, { limit: 10 });
    asked[0]?.answer('confirmed');
    await bench.quiet();
    expect(await store.queries.list(EVERY_SITE, { limit: 10 })).toEqual(before);
    const next = await testEngine({ store, clock, parts });
    await next.engine.start();
    next.prober.script(failing);
    await next.run(1_000);
    expect(asked).toHaveLength(2);
    asked[1]?.answer('confirmed');
    await next.run(1_000);
    expect(await stateOf(bench)).toBe('Down');
    expect((await store.queries.list(EVERY_SITE, { limit: 10 })).map(({ eventId }) => eventId)).toEqual(
      before.map(({ eventId }) => eventId),
    );
    expect(await brokenInvariants(store.db)).toEqual([]);
  });
});

describe('an endpoint that takes the slot of another', () => {
  it('is not told what its forerunner was looked at for', async () => {
    const bench = await watchingEngine();
    const { run, prober, pause, onlyJob, runtime, engine } = bench;
    await run(100);
    const stale = onlyJob();
    await pause();
    const other = await bench.store.addEndpoint();
    await bench.changed(other);
    await run(200);
    expect(prober.out().map(({ url }) => url)).toEqual([stale.url, other.url]);
    prober.answer(stale.id, failing());
    await run(200);
    expect(await bench.allEvents()).toEqual([]);
    expect(runtime.latest(other.endpointId)).toBeNull();
    for (const { id } of prober.out()) prober.answer(id, up());
    expect(runtime.latest(other.endpointId)?.state).toBe('Up');
    expect(engine.watched()).toBe(1);
    expect(await looksInTenMinutes(bench)).toBe(10);
  });

  it('is not told what the verifiers say of its forerunner', async () => {
    const { asked, parts } = patientVerifiers();
    const store = await temporaryStore();
    const bench = await watchingEngine({ store, parts });
    const { run, prober, pause } = bench;
    prober.script(failing);
    await run(12_000);
    await pause();
    const other = await store.addEndpoint();
    await bench.changed(other);
    await run(12_000);
    expect(asked.map(({ question }) => question.endpointId)).toEqual([bench.endpoint.endpointId, other.endpointId]);
    asked[0]?.answer('confirmed');
    await run(500);
    expect((await bench.open()).get(other.endpointId)).toEqual(new Map([['http', 'Seems Down']]));
    asked[1]?.answer('refuted');
    await run(500);
    expect((await bench.open()).has(other.endpointId)).toBe(false);
  });

  it('under the id of its forerunner, removed and watched again, begins anew', async () => {
    const bench = await watchingEngine();
    const { run, prober, pause, onlyJob, endpoint, store, runtime } = bench;
    await run(100);
    const stale = onlyJob();
    await pause();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { active: true });
    await bench.changed(endpoint);
    await run(200);
    expect(prober.out()).toHaveLength(2);
    prober.answer(stale.id, failing());
    await run(200);
    expect(await bench.allEvents()).toEqual([]);
    for (const { id } of prober.out()) prober.answer(id, up());
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Up');
    expect(await looksInTenMinutes(bench)).toBe(10);
  });
});
