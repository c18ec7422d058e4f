import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { failing, testEngine, up } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { phaseMs } from '../domain/schedule.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Verdict } from '../domain/verdict.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { EngineParts } from './engine.ts';

const MINUTE = 60_000;
/** A day and a part of a round, so that the phase lands elsewhere too. */
const DAY = 86_423_456;
/** A look may come this much after its time: the slot it falls in and the tick that finds it. */
const SLACK = 100;

async function watching(script: () => Verdict[] | null = up, answerAfterMs = 0, parts: Partial<EngineParts> = {}) {
  const bench = await testEngine({ parts });
  const endpoint = await bench.store.addEndpoint();
  bench.prober.script(script, answerAfterMs);
  await bench.engine.start();
  const stateOfHttp = async () => (await bench.open()).get(endpoint.endpointId)?.get('http') ?? null;
  const reasons = async () => {
    const [event] = await bench.store.queries.list(EVERY_SITE, { siteId: endpoint.siteId, limit: 10 });
    if (event === undefined) return [];
    const transitions = await bench.store.queries.transitions(EVERY_SITE, event.eventId, { limit: 100 });
    return transitions.map(({ stateAfter, reason }) => `${stateAfter} ${reason}`);
  };
  return { ...bench, endpoint, stateOfHttp, reasons };
}

describe('the regular round', () => {
  it('looks at a new endpoint at once', async () => {
    const { engine, prober, endpoint, run } = await watching();
    await run(SLACK);
    expect(prober.jobs.map(({ job }) => job.url)).toEqual([endpoint.url]);
    expect(engine.watched()).toBe(1);
  });

  it.each([0, 3, 30, 7_300])('keeps its phase for 100 rounds when every answer takes %i ms', async (answerAfterMs) => {
    const { prober, endpoint, run } = await watching(up, answerAfterMs);
    await run(101 * MINUTE);
    const [first, ...rounds] = prober.jobs.map(({ wallMs }) => wallMs);
    expect(first).toBeDefined();
    const phase = phaseMs(endpoint.endpointId, MINUTE);
    for (const wallMs of rounds) expect((((wallMs - phase) % MINUTE) + MINUTE) % MINUTE).toBeLessThanOrEqual(SLACK);
    const gaps = rounds.slice(1).map((wallMs, index) => wallMs - (rounds[index] ?? 0));
    for (const gap of gaps) expect(Math.abs(gap - MINUTE)).toBeLessThanOrEqual(SLACK);
    expect(gaps.length).toBeGreaterThanOrEqual(99);
  });

  it('never looks twice at a time, and skips the rounds that a slow answer covers', async () => {
    const { prober, run } = await watching(up, 2.5 * MINUTE);
    for (let step = 0; step < 200; step++) {
      await run(3_000);
      expect(prober.inFlight()).toBeLessThanOrEqual(1);
    }
    expect(prober.jobs.length).toBeGreaterThanOrEqual(3);
  });

  it('looks at each of 1,000 endpoints once in every round', async () => {
    const { db, endpoints, ...store } = await temporaryStore();
    await db.transaction(async (tx) => {
      for (let index = 0; index < 1_000; index++) {
        const site = { siteId: null, url: `https://site-${index}.example/`, active: true, bucketNo: 0 };
        await endpoints.create(EVERY_SITE, { ...site, intervalSeconds: 60 }, tx);
      }
    });
    const { engine, prober, run } = await testEngine({ store: { db, endpoints, ...store } });
    prober.script(up, 200);
    await engine.start();
    await run(2 * MINUTE);
    const before = prober.jobs.length;
    await run(3 * MINUTE);
    const seen = Map.groupBy(prober.jobs.slice(before), ({ job }) => job.url);
    expect(seen.size).toBe(1_000);
    for (const jobs of seen.values()) expect(jobs).toHaveLength(3);
    // They are spread over the round, not in a burst.
    const perSecond = Map.groupBy(prober.jobs.slice(before), ({ wallMs }) => Math.floor(wallMs / 1_000));
    for (const jobs of perSecond.values()) expect(jobs.length).toBeLessThan(40);
  });
});

describe('an outage', () => {
  it('is Seems Down, looked at again after 2 s and 5 s, then Down, looked for recovery every 15 s, and closed', async () => {
    const { prober, run, stateOfHttp, reasons, opIds, store } = await watching(failing, 20);
    await run(200);
    expect(await stateOfHttp()).toBe('Seems Down');
    await run(4_000);
    expect(await stateOfHttp()).toBe('Seems Down');
    await run(16_800);
    expect(await stateOfHttp()).toBe('Down');
    prober.script(up, 20);
    await run(15_000);
    expect(await stateOfHttp()).toBeNull();

    const first = prober.jobs[0]?.wallMs ?? 0;
    const offsets = prober.jobs.slice(0, 5).map(({ wallMs }) => wallMs - first);
    for (const [index, dueMs] of [0, 2_000, 5_000, 20_020, 35_040].entries()) {
      expect(offsets[index]).toBeGreaterThanOrEqual(dueMs);
      expect(offsets[index]).toBeLessThanOrEqual(dueMs + 3 * SLACK);
    }
    expect(await reasons()).toEqual(['Seems Down opened', 'Down local_confirmed', 'Resolved verifier_cleared']);
    // Opened, counted, confirmed, looked at while down, closed: an operation each.
    expect(opIds).toHaveLength(5);
    expect(new Set(opIds).size).toBe(5);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('that ends before it is confirmed is closed as a false alarm and goes back to the round', async () => {
    const metrics = createMetrics();
    const { engine, prober, run, reasons } = await watching(failing, 0, { metrics });
    await run(200);
    expect(engine.confirming()).toBe(1);
    prober.script(up);
    await run(3_000);
    expect(engine.confirming()).toBe(0);
    const errors = metrics.read().find(({ name }) => name === 'look_error')?.series;
    expect(errors).toMatchObject([{ labels: { error: 'other' }, value: 1 }]);
    expect(await reasons()).toEqual(['Seems Down opened', 'Resolved probe_cleared']);
    const looks = prober.jobs.length;
    await run(2 * MINUTE);
    expect(prober.jobs.length - looks).toBe(2);
  });

  it('is counted on by a new engine that finds it half confirmed', async () => {
    const { clock, store, engine, run, reasons } = await watching(failing);
    await run(2_200);
    await engine.stop();
    clock.advance(600);
    const second = await testEngine({ store, clock });
    second.prober.script(failing);
    await second.engine.start();
    await second.run(SLACK);
    expect(second.prober.jobs).toHaveLength(1);
    expect(await reasons()).toEqual(['Seems Down opened', 'Down local_confirmed']);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('of one check leaves the incident of another alone, and the sooner look wins', async () => {
    const both = [verdict('Seems Down'), verdict('Warning', 'tls_expiry')];
    const { prober, run, open, endpoint, store } = await watching(() => both);
    await run(200);
    const states = async () => Object.fromEntries((await open()).get(endpoint.endpointId) ?? []);
    expect(await states()).toEqual({ http: 'Seems Down', tls_expiry: 'Warning' });
    await run(6_000);
    // The advisory alone would have waited for its round.
    expect(prober.jobs).toHaveLength(3);
    expect(await states()).toEqual({ http: 'Down', tls_expiry: 'Warning' });
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    await run(15_200);
    expect(await states()).toEqual({ tls_expiry: 'Warning' });
    prober.script(() => [verdict('Up'), verdict('Up', 'tls_expiry')]);
    await run(MINUTE + SLACK);
    expect(await states()).toEqual({});
    expect(await brokenInvariants(store.db)).toEqual([]);
  });
});

describe('what proves nothing', () => {
  it('opens nothing and is looked at again soon', async () => {
    const { prober, run, opIds, open } = await watching(() => [verdict('Unknown')]);
    await run(15_000 + 2 * SLACK);
    expect(prober.jobs).toHaveLength(2);
    expect(await open()).toEqual(new Map());
    expect(opIds).toEqual([]);
  });

  it('neither ends an outage nor counts towards it', async () => {
    const { prober, run, stateOfHttp, opIds } = await watching(failing);
    await run(200);
    prober.script(() => [verdict('Unknown')]);
    await run(3 * MINUTE);
    expect(await stateOfHttp()).toBe('Seems Down');
    expect(opIds).toHaveLength(1);
  });

  it('is no observation beside an advisory, which is told all the same', async () => {
    const limited = [verdict('Unknown'), verdict('Warning', 'tls_expiry')];
    const { run, open, endpoint, runtime, prober } = await watching(() => limited);
    await run(200);
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Unknown');
    expect(await open()).toEqual(new Map([[endpoint.endpointId, new Map([['tls_expiry', 'Warning']])]]));
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    await run(MINUTE);
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Warning');
  });
});

describe('a jump of the wall clock', () => {
  it.each([DAY, -DAY])('of %i ms neither skips a round nor brings a burst', async (jumpMs) => {
    const { clock, prober, run } = await watching(up, 50);
    await run(3 * MINUTE + 17_000);
    clock.jumpWall(jumpMs);
    await run(5 * MINUTE);
    const times = prober.jobs.map(({ monotonicMs }) => monotonicMs);
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - (times[index] ?? 0)).toBeLessThanOrEqual(MINUTE + 2 * SLACK);
    }
    // The first look, eight rounds, and at most two more where the old phase and the new one meet.
    expect(times.length).toBeGreaterThanOrEqual(9);
    expect(times.length).toBeLessThanOrEqual(11);
  });

  it.each([DAY, -DAY])('of %i ms between two failures delays no retry', async (jumpMs) => {
    const { clock, store, run, stateOfHttp } = await watching(failing, 50);
    await run(1_000);
    clock.jumpWall(jumpMs);
    await run(8_000);
    expect(await stateOfHttp()).toBe('Down');
    clock.jumpWall(jumpMs);
    await run(15_200);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it.each([DAY, -DAY])(
    'of %i ms while the first failing probe is out makes that look alone worthless',
    async (jumpMs) => {
      const { clock, store, prober, run, stateOfHttp, endpoint } = await watching(failing, 5_000);
      await run(1_000);
      clock.jumpWall(jumpMs);
      prober.script(failing, 50);
      await run(12_000);
      expect(await stateOfHttp()).toBeNull();
      await run(15_000);
      expect(await stateOfHttp()).toBe('Down');
      const [event] = await store.queries.list(EVERY_SITE, { siteId: endpoint.siteId, limit: 1 });
      expect(event?.startedAtMs).toBeLessThanOrEqual(clock.nowMs());
      expect(await brokenInvariants(store.db)).toEqual([]);
    },
  );

  it('back by a day, met by a new engine in the middle of retries, delays no retry', async () => {
    const { clock, store, engine, run, stateOfHttp } = await watching(failing);
    await run(200);
    await engine.stop();
    clock.jumpWall(-DAY);
    const second = await testEngine({ store, clock });
    second.prober.script(failing);
    await second.engine.start();
    await second.run(6_000);
    expect(await stateOfHttp()).toBe('Down');
  });
});

describe('listeners', () => {
  it('hear of each result after it can be read, until they leave', async () => {
    const { engine, runtime, run, endpoint, prober } = await watching();
    const heard: unknown[] = [];
    const leave = engine.onResult((result) => heard.push([result, runtime.latest(endpoint.endpointId)?.reason]));
    await run(SLACK);
    const { siteId, endpointId } = endpoint;
    expect(heard).toEqual([[{ siteId, endpointId }, 'ok']]);
    prober.script(failing);
    await run(MINUTE);
    expect(heard.length).toBeGreaterThan(1);
    expect(heard[1]).toEqual([{ siteId, endpointId }, 'tcp_refused']);
    const count = heard.length;
    leave();
    await run(MINUTE);
    expect(heard).toHaveLength(count);
  });

  it('that fail cost neither the others their news nor the endpoint its next check', async () => {
    const { engine, run, prober } = await watching();
    let heard = 0;
    engine.onResult(() => {
      throw new Error('a listener of ours is broken');
    });
    engine.onResult(() => void heard++);
    await run(3 * MINUTE);
    expect(heard).toBe(prober.jobs.length);
    expect(heard).toBeGreaterThanOrEqual(3);
  });
});
