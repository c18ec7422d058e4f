import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { failing, up, watchingEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { DEFAULT_POLICY } from '../domain/decision-policy.ts';
import type { EventId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Verdict } from '../domain/verdict.ts';
import { systemRandom } from '../lib/random.ts';
import { closeEvent } from '../services/close-event.ts';
import type { AskedLook } from '../services/look-now.ts';
import { MOST_ASKED, MOST_OF_A_TENANT } from './look-now.ts';

const NEVER = new AbortController().signal;

async function watching(script: () => Verdict[] | null, parts = {}) {
  const bench = await watchingEngine({ parts });
  bench.prober.script(script);
  await bench.run(200);
  const { engine, endpoint } = bench;
  return {
    ...bench,
    /** Asks, and lets so much time pass. */
    async ask(ms = 200): Promise<AskedLook | null> {
      const asked = engine.lookNow(endpoint, NEVER, EVERY_SITE);
      await bench.run(ms);
      return asked;
    },
    async states() {
      return (await bench.allEvents()).map(({ checkType, state, endedAtMs }) => [checkType, state, endedAtMs === null]);
    },
  };
}

describe('a look that is asked for', () => {
  it('of a healthy site is booked and closes nothing', async () => {
    const { ask, prober, runtime, endpoint } = await watching(up);
    const before = runtime.latest(endpoint.endpointId)?.checkedAtMs ?? 0;
    const looked = await ask();
    expect(looked).toMatchObject({ isBooked: true, closed: [], observation: { httpCode: 200 } });
    expect(prober.jobs).toHaveLength(2);
    expect(runtime.latest(endpoint.endpointId)?.checkedAtMs).toBeGreaterThan(before);
  });

  it('that fails is an observation of its own: the event opens and is confirmed by looks that follow', async () => {
    const { ask, prober, states, run } = await watching(up);
    prober.script(failing);
    expect(await ask()).toMatchObject({ isBooked: true, closed: [] });
    expect(await states()).toEqual([['http', 'Seems Down', true]]);
    await run(6_000);
    expect(await states()).toEqual([['http', 'Down', true]]);
  });

  it('that succeeds closes what it proves to be over and leaves what is still true', async () => {
    const expiring = () => [verdict('Seems Down'), verdict('Warning', 'tls_expiry')];
    const { ask, prober, states, allEvents, store } = await watching(expiring);
    const [failure] = (await allEvents()).filter(({ checkType }) => checkType === 'http');
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    expect(await ask()).toMatchObject({ isBooked: true, closed: [failure?.eventId] });
    expect(await states()).toContainEqual(['tls_expiry', 'Warning', true]);
    expect(await states()).toContainEqual(['http', 'Seems Down', false]);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('is shared by all who ask while another is out, and begins after that one', async () => {
    const { ask, prober, engine, endpoint, run } = await watching(up);
    prober.script(() => null);
    const first = engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(50);
    const others = [engine.lookNow(endpoint, NEVER, EVERY_SITE), engine.lookNow(endpoint, NEVER, EVERY_SITE)];
    await run(50);
    const [job] = prober.out();
    expect(prober.inFlight()).toBe(1);
    prober.script(up);
    prober.answer(job?.id ?? 0, failing());
    await run(5_500);
    expect((await first)?.observation.verdicts[0]?.state).toBe('Seems Down');
    for (const other of await Promise.all(others)) expect(other?.observation.verdicts[0]?.state).toBe('Up');
    expect(await ask()).not.toBeNull();
  });

  it('however often it is asked for, confirms a failure no sooner than its retries do', async () => {
    const { engine, endpoint, prober, run, states } = await watching(up);
    prober.script(failing);
    for (let asked = 0; asked < 20; asked += 1) void engine.lookNow(endpoint, NEVER, EVERY_SITE);
    for (let ms = 0; ms < 4_500; ms += 500) {
      void engine.lookNow(endpoint, NEVER, EVERY_SITE);
      await run(500);
    }
    expect(await states()).toEqual([['http', 'Seems Down', true]]);
    await run(6_000);
    expect(await states()).toEqual([['http', 'Down', true]]);
  });

  it.each([
    ['at once', 0],
    ['when the retries are under way', 2_200],
    ['after the retries', 9_000],
  ])('beside the retries of a failure, and fails %s, is none of them', async (_when, answersAfterMs) => {
    const { engine, endpoint, prober, run, states } = await watching(failing);
    await run(300);
    prober.script(answersAfterMs === 0 ? failing : () => null);
    void engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(100);
    prober.script(failing);
    const [job] = prober.out();
    let passedMs = 100;
    for (; passedMs < answersAfterMs; passedMs += 100) await run(100);
    if (answersAfterMs > 0) prober.answer(job?.id ?? 0, failing());
    if (passedMs < 4_000) {
      await run(4_000 - passedMs);
      expect(await states()).toEqual([['http', 'Seems Down', true]]);
      await run(1_500);
    }
    expect(await states()).toEqual([['http', 'Down', true]]);
  });

  it.each(['soon', 'interval'] as const)('beside the retries, and cannot tell (%s), delays none', async (followUp) => {
    const { engine, endpoint, prober, run, states } = await watching(failing);
    for (let asked = 0; asked < 4; asked += 1) {
      await run(300);
      prober.script(() => [{ ...verdict('Unknown'), followUp }]);
      void engine.lookNow(endpoint, NEVER, EVERY_SITE);
      await run(100);
      prober.script(failing);
    }
    await run(4_000);
    expect(await states()).toEqual([['http', 'Down', true]]);
  });

  it('and fails while a regular look hangs, has its retries at their times', async () => {
    const { engine, endpoint, prober, run, states } = await watching(() => null);
    const [regular] = prober.out();
    prober.script(failing);
    void engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(2_500);
    expect(prober.jobs).toHaveLength(3);
    await run(3_000);
    expect(await states()).toEqual([['http', 'Down', true]]);
    prober.answer(regular?.id ?? 0, failing());
    await run(200);
    expect(await states()).toEqual([['http', 'Down', true]]);
  });

  it('that hangs makes a retry that cannot tell no more frequent', async () => {
    const { engine, endpoint, prober, run } = await watching(failing);
    prober.script(() => null);
    void engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(100);
    prober.script(() => [{ ...verdict('Unknown'), followUp: 'interval' }]);
    await run(9_000);
    expect(prober.jobs.length).toBeLessThanOrEqual(4);
  });

  it('with a regular look out, is with that one a failure once', async () => {
    const { engine, endpoint, prober, run, states } = await watching(() => null, {
      policy: () => ({ ...DEFAULT_POLICY, attemptsToConfirm: 2 }),
    });
    void engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(50);
    expect(prober.out()).toHaveLength(2);
    for (const { id } of prober.out()) prober.answer(id, failing());
    await run(200);
    expect(await states()).toEqual([['http', 'Seems Down', true]]);
  });

  it('says Unknown while our own network is in doubt, and opens nothing', async () => {
    const { ask, prober, states } = await watching(up, { referenceTargets: ['https://reference.example/'] });
    prober.script(() => [{ ...verdict('Seems Down'), shape: 'silent' }]);
    const looked = await ask(5_000);
    expect(looked).toMatchObject({ isBooked: true, observation: { verdicts: [{ state: 'Unknown' }] } });
    expect(await states()).toEqual([['monitor', 'Degraded', true]]);
  });

  it('at a paused endpoint tells what is there and books nothing', async () => {
    const { ask, prober, pause, states, runtime, endpoint } = await watching(up);
    await pause();
    const before = runtime.latest(endpoint.endpointId)?.checkedAtMs;
    prober.script(failing);
    expect(await ask()).toMatchObject({
      isBooked: false,
      closed: [],
      observation: { verdicts: [{ state: 'Seems Down' }] },
    });
    expect(await states()).toEqual([]);
    expect(runtime.latest(endpoint.endpointId)?.checkedAtMs).toBe(before);
  });

  it('is not waited for longer than whoever asks wants, and booked all the same', async () => {
    const { engine, endpoint, prober, run, states } = await watching(up);
    prober.script(() => null);
    const impatient = new AbortController();
    const asked = engine.lookNow(endpoint, impatient.signal, EVERY_SITE);
    await run(100);
    impatient.abort();
    expect(await asked).toBeNull();
    const [job] = prober.out();
    prober.answer(job?.id ?? 0, failing());
    await run(200);
    expect(await states()).toEqual([['http', 'Seems Down', true]]);
  });

  it('is told of when the endpoint is changed under it', async () => {
    const { engine, endpoint, prober, run, store, changed } = await watching(up);
    prober.script(() => null);
    const asked = engine.lookNow(endpoint, NEVER, EVERY_SITE);
    await run(50);
    const [job] = prober.out();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
    await changed(endpoint);
    prober.script(up);
    prober.answer(job?.id ?? 0, failing());
    await run(200);
    expect(await asked).toMatchObject({ isBooked: false, closed: [] });
  });
});

describe('asking', () => {
  it('is refused while too many looks are under way, and when the engine has stopped', async () => {
    const { engine, endpoint, prober, run } = await watching(up);
    prober.script(() => null);
    const asked = Array.from({ length: MOST_ASKED }, () => engine.lookNow(endpoint, NEVER, EVERY_SITE));
    await expect(engine.lookNow(endpoint, NEVER, EVERY_SITE)).rejects.toMatchObject({ code: 'too_many_looks' });
    await run(50);
    prober.script(up);
    for (const { id } of prober.out()) prober.answer(id, up());
    await run(200);
    await Promise.all(asked);
    expect(await Promise.race([engine.lookNow(endpoint, NEVER, EVERY_SITE), run(200).then(() => 'late')])).not.toBe(
      'late',
    );
    await engine.stop();
    await expect(engine.lookNow(endpoint, NEVER, EVERY_SITE)).rejects.toMatchObject({ code: 'server_not_running' });
  });
});

describe('a tenant', () => {
  it('has a share of the places, and keeps no other out', async () => {
    const { engine, endpoint, prober, run } = await watching(up);
    prober.script(() => null);
    const askedBy = (tenantId: string) => engine.lookNow(endpoint, NEVER, { kind: 'tenant', tenantId });
    const asked = Array.from({ length: MOST_OF_A_TENANT }, () => askedBy('noisy'));
    await expect(askedBy('noisy')).rejects.toMatchObject({
      code: 'too_many_looks',
      message: `${MOST_OF_A_TENANT} looks of this tenant that were asked for are under way`,
      retryAfterSeconds: 5,
    });
    asked.push(askedBy('quiet'), engine.lookNow(endpoint, NEVER, EVERY_SITE));
    await run(50);
    prober.script(up);
    for (const { id } of prober.out()) prober.answer(id, up());
    await run(5_500);
    for (const look of await Promise.all(asked)) expect(look?.isBooked).toBe(true);
    expect(await Promise.race([askedBy('noisy'), run(5_500).then(() => 'late')])).not.toBe('late');
  });
});

describe('an event that was closed by hand', () => {
  it('is followed by a look at once, and by a new event where the failure is still there', async () => {
    const { store, clock, endpoint, allEvents, run, prober } = await watching(failing);
    await run(8_000);
    const [event] = await allEvents();
    expect(event).toMatchObject({ state: 'Down', endedAtMs: null });
    const deps = { ...store, database: store.db, eventQueries: store.queries, clock, random: systemRandom };
    const policy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
    const looks = prober.jobs.length;
    await closeEvent(deps, policy, EVERY_SITE, {
      siteId: endpoint.siteId,
      eventId: event?.eventId ?? (0n as EventId),
      reason: 'manual_override',
      note: null,
    });
    await run(200);
    expect(prober.jobs.length).toBeGreaterThan(looks);
    await run(8_000);
    const [again, before] = await allEvents();
    expect(before).toMatchObject({ eventId: event?.eventId, resolutionReason: 'manual_override' });
    expect(again).toMatchObject({ checkType: 'http', state: 'Down', endedAtMs: null });
    expect(await brokenInvariants(store.db)).toEqual([]);
  });
});
