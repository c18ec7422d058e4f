import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { createFakeClock, type FakeClock } from '../../test/kit/fake-clock.ts';
import { TEST_PROBER_SETTINGS } from '../../test/kit/prober.ts';
import { type Site, startSite } from '../../test/kit/site.ts';
import { closedPort } from '../../test/kit/tcp-server.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { createProberPool, hostOf, type PoolOptions } from './pool.ts';
import type { ProbeJob, ProbeResult, Prober } from './prober.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const settings = TEST_PROBER_SETTINGS;

function startPool(options: Partial<PoolOptions> = {}) {
  const results: ProbeResult[] = [];
  const deaths: Error[] = [];
  let wanted = 0;
  let wake = () => {};
  const prober = createProberPool({
    settings,
    maxThreads: 1,
    clock: systemClock,
    ...options,
    onResults(batch) {
      results.push(...batch);
      if (results.length >= wanted) wake();
    },
    onThreadDeath: (error) => deaths.push(error),
  });
  stops.push(() => prober.stop());
  const all = (count: number) => {
    wanted = count;
    return new Promise<ProbeResult[]>((resolve) => {
      wake = () => resolve(results);
      if (results.length >= count) wake();
    });
  };
  return { prober, deaths, all };
}

async function site(): Promise<Site> {
  const started = await startSite();
  stops.push(() => started.stop());
  return started;
}

function job(id: number, url: string): ProbeJob {
  return { id, url, timeoutMs: 10_000, plan: null, evidence: 'unless_healthy' };
}

function stateOf(results: ProbeResult[], id: number): string | undefined {
  return results.find((result) => result.id === id)?.observation.verdicts[0]?.state;
}

describe('the prober', () => {
  it('answers every job of a batch by its id: healthy ones as numbers, failing ones with their evidence', async () => {
    const target = await site();
    const { prober, all } = startPool();
    prober.submit([job(1, target.url), job(2, `http://127.0.0.1:${await closedPort()}/`), job(3, target.url)]);
    const results = await all(3);
    expect([1, 2, 3].map((id) => stateOf(results, id))).toEqual(['Up', 'Seems Down', 'Up']);
    let healthy = results.find((result) => result.id === 1)?.observation;
    // Timings across a pause of this machine are withheld: look until a look fell into none.
    for (let id = 4; healthy?.timings.total === undefined; id += 1) {
      prober.submit([job(id, target.url)]);
      healthy = (await all(id)).find((result) => result.id === id)?.observation;
    }
    expect(healthy).toMatchObject({ evidence: null, httpCode: 200, address: '127.0.0.1' });
    expect(healthy?.timings.ttfb).toBeGreaterThan(0);
    expect(healthy?.timings.dns).toBeUndefined();
    const failing = results.find((result) => result.id === 2)?.observation;
    expect(failing?.evidence?.error).toMatchObject({ phase: 'tcp', code: 'ECONNREFUSED' });
    expect(prober.inFlight()).toBe(0);
  });

  it('probes many at once without losing one', async () => {
    const target = await site();
    const { prober, all } = startPool();
    prober.submit(Array.from({ length: 1_500 }, (_, id) => job(id, target.url)));
    const results = await all(1_500);
    expect(new Set(results.map((result) => result.id)).size).toBe(1_500);
    expect(results.every((result) => result.observation.verdicts[0]?.state === 'Up')).toBe(true);
  });

  it('calls its own mistakes Unknown: a job that is not a URL breaks nothing', async () => {
    const target = await site();
    const { prober, all } = startPool();
    prober.submit([job(1, 'not a url'), job(2, target.url)]);
    const results = await all(2);
    expect(results.find((result) => result.id === 1)?.observation.verdicts[0]).toMatchObject({
      state: 'Unknown',
      reason: 'prober_failed',
    });
    expect(stateOf(results, 2)).toBe('Up');
  });

  it('says nothing after it was stopped: what was in flight is not reported', async () => {
    const hanging = await startSite({ behaviour: { kind: 'hang', at: 'request' } });
    stops.push(() => hanging.stop());
    let reported = 0;
    const prober: Prober = createProberPool({
      settings,
      maxThreads: 1,
      clock: systemClock,
      onResults: () => {
        reported += 1;
      },
      onThreadDeath() {},
    });
    prober.submit([job(1, hanging.url)]);
    await prober.stop();
    expect(reported).toBe(0);
    expect(prober.inFlight()).toBe(0);
  });
});

describe('draining', () => {
  it('finishes what runs, drops what waits, and takes nothing more', async () => {
    const slow = await startSite({ behaviour: { kind: 'delay', ms: 300 } });
    stops.push(() => slow.stop());
    const { prober, all } = startPool({ maxRunning: 2 });
    prober.submit([1, 2, 3, 4, 5].map((id) => job(id, slow.url)));
    await eventually('two have been asked', () => slow.requests() === 2);
    await prober.drain();
    const results = await all(2);
    expect(results.map(({ id }) => id).sort()).toEqual([1, 2]);
    expect(slow.requests()).toBe(2);
    expect(prober.inFlight()).toBe(0);
  });

  it('ends at once when nothing runs, and when the thread is dead', async () => {
    await startPool().prober.drain();
    const threadModule = new URL('../../test/kit/dying-thread.ts', import.meta.url);
    const { prober, deaths } = startPool({ threadModule, clock: createFakeClock() });
    prober.submit([job(1, 'http://poison.example/')]);
    await eventually('the death', () => deaths.length === 1);
    await prober.drain();
  });
});

describe('a target', () => {
  it('gets no more connections at a time than its limit, and the wait is no time-out', async () => {
    const slow = await startSite({ behaviour: { kind: 'delay', ms: 400 } });
    stops.push(() => slow.stop());
    const { prober, all } = startPool({ settings: { ...settings, limits: { perHost: 2, perNetwork: 0 } } });
    const timeoutMs = 1_500;
    // Timings across a pause of this machine are withheld, and most of eight may fall into one.
    for (let first = 0, timed = 0; timed < 3; first += 8) {
      const before = slow.connections();
      prober.submit(Array.from({ length: 8 }, (_, nth) => ({ ...job(first + nth, slow.url), timeoutMs })));
      await eventually('two are connected', () => slow.connections() - before === 2);
      const results = (await all(first + 8)).slice(first);
      expect(results.map(({ id }) => stateOf(results, id))).toEqual(Array(8).fill('Up'));
      const totals = results.flatMap(({ observation }) => observation.timings.total ?? []);
      for (const total of totals) expect(total).toBeLessThan(timeoutMs);
      timed = totals.length;
    }
    expect(prober.stats()).toMatchObject({ threads: 1 });
  });
});

describe('a network', () => {
  it('has its limit shared out among the threads there may be', async () => {
    const hanging = await startSite({ behaviour: { kind: 'hang', at: 'request' } });
    stops.push(() => hanging.stop());
    const limits = { perHost: 0, perNetwork: 5 };
    const { prober } = startPool({ maxThreads: 2, settings: { ...settings, limits } });
    prober.submit(Array.from({ length: 8 }, (_, id) => job(id, hanging.url)));
    await eventually('two are connected', () => hanging.connections() === 2);
    await delay(100);
    expect(hanging.connections()).toBe(2);
  });
});

describe('the host of a job', () => {
  it('is its name alone, whatever else is in the URL', () => {
    const same = [
      'http://example.com',
      'https://example.com/',
      'https://example.com:8443',
      'https://example.com?x=//a.example/',
      'https://example.com#x',
      'https://user:pass@example.com:80/@b',
      'https://EXAMPLE.com/a/b:c',
    ];
    expect(same.map(hostOf)).toEqual(same.map(() => 'example.com'));
    expect(hostOf('http://[2001:db8::1]:8080/')).toBe('[2001:db8::1]');
    expect(hostOf('not a url')).toBe('not a url');
  });
});

describe('threads', () => {
  const threadModule = new URL('../../test/kit/busy-thread.ts', import.meta.url);
  const LOOK_MS = 5_000;

  let lastId = 0;
  /** Thirty hosts are enough that each of a few threads gets some. */
  const jobsTo = (path: string) =>
    Array.from({ length: 30 }, (_, host) => job(lastId++, `http://host${host}.example/${path}`));

  /** Lets the pool look around, each time when all its threads have shown that they run, until there are so many. */
  async function become({ prober, all }: ReturnType<typeof startPool>, clock: FakeClock, threads: number) {
    for (let jobs = 30; prober.stats().threads !== threads; jobs += 30) {
      prober.submit(jobsTo(''));
      await all(jobs);
      await delay(100);
      clock.advance(LOOK_MS);
    }
  }

  it('are added while they are busy, up to the most there may be, and share the hosts', async () => {
    const clock = createFakeClock();
    const pool = startPool({ threadModule, clock, maxThreads: 3 });
    await become(pool, clock, 3);
    const before = (await pool.all(0)).length;
    for (let round = 0; round < 4; round += 1) {
      pool.prober.submit(jobsTo('again'));
      await pool.all(before + 30 * (round + 1));
      // Time for a sign of life between the looks for one.
      await delay(100);
      clock.advance(LOOK_MS);
    }
    expect(pool.prober.stats().threads).toBe(3);
    const results = (await pool.all(0)).slice(before);
    const threadsOf = (some: ProbeResult[]) => new Set(some.map(({ observation }) => observation.httpCode)).size;
    expect(threadsOf(results)).toBe(3);
    for (let host = 0; host < 30; host += 1) expect(threadsOf(results.filter(({ id }) => id % 30 === host))).toBe(1);
  });

  it('are added when jobs wait because one is full, however little it has to do', async () => {
    const hanging = await startSite({ behaviour: { kind: 'hang', at: 'request' } });
    stops.push(() => hanging.stop());
    const clock = createFakeClock();
    const { prober } = startPool({ clock, maxThreads: 2, maxRunning: 1 });
    prober.submit([1, 2, 3].map((id) => job(id, hanging.url)));
    await eventually('two wait', () => prober.stats().waiting === 2);
    clock.advance(LOOK_MS);
    expect(prober.stats().threads).toBe(2);
  });

  it('are let go when they idle', async () => {
    const clock = createFakeClock();
    const pool = startPool({ threadModule, clock, maxThreads: 2 });
    await become(pool, clock, 2);
    const before = (await pool.all(0)).length;
    pool.prober.submit(jobsTo('rest'));
    await pool.all(before + 30);
    for (let look = 0; look < 3; look += 1) {
      await delay(300);
      clock.advance(LOOK_MS);
    }
    expect(pool.prober.stats().threads).toBe(1);
  });
});

describe('a thread that dies', () => {
  const threadModule = new URL('../../test/kit/dying-thread.ts', import.meta.url);

  it('is replaced, and the job that kills it twice is answered as our own failure', async () => {
    const { prober, deaths, all } = startPool({ threadModule });
    prober.submit([job(1, 'http://poison.example/')]);
    const results = await all(1);
    expect(results[0]?.observation.verdicts[0]).toMatchObject({ state: 'Unknown', reason: 'prober_failed' });
    expect(deaths).toHaveLength(2);
    expect(deaths[0]?.message).toContain('poisoned');
  });

  it('does not take later jobs with it', async () => {
    const { prober, all } = startPool({ threadModule });
    prober.submit([job(1, 'http://poison.example/')]);
    await all(1);
    prober.submit([job(2, 'http://fine.example/')]);
    const results = await all(2);
    expect(stateOf(results, 2)).toBe('Up');
  });

  it('costs few of the jobs that were aboard with the one that kills it', async () => {
    const { prober, deaths, all } = startPool({ threadModule });
    const fine = Array.from({ length: 40 }, (_, index) => job(index + 2, 'http://fine.example/'));
    prober.submit([job(1, 'http://poison.example/'), ...fine]);
    const results = await all(41);
    const lost = results.filter(({ id }) => stateOf(results, id) === 'Unknown').map(({ id }) => id);
    expect(lost.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(results.filter(({ id }) => stateOf(results, id) === 'Up')).toHaveLength(33);
    expect(deaths).toHaveLength(2);
    expect(prober.inFlight()).toBe(0);
  });

  it('is counted once, before it is replaced and after', async () => {
    const clock = createFakeClock();
    const { prober, deaths, all } = startPool({ threadModule, clock });
    prober.submit([job(1, 'http://fine.example/')]);
    await all(1);
    prober.submit([job(2, 'http://poison.example/')]);
    await eventually('the death', () => deaths.length === 1);
    expect(prober.stats().visits).toBe(2);
    clock.advance(100);
    await eventually('the second death', () => deaths.length === 2);
    expect(prober.stats().visits).toBe(3);
  });

  it('is not charged to jobs that come before its replacement', async () => {
    const clock = createFakeClock();
    const { prober, deaths, all } = startPool({ threadModule, clock });
    const died = (count: number) => eventually(`death ${count}`, () => deaths.length === count);
    prober.submit([job(1, 'http://poison.example/')]);
    await died(1);
    // On board for one death only, like the job that kills the thread a second time.
    prober.submit([job(2, 'http://fine.example/')]);
    clock.advance(100);
    await died(2);
    expect(stateOf(await all(1), 1)).toBe('Unknown');
    expect(prober.inFlight()).toBe(1);
    clock.advance(200);
    expect(stateOf(await all(2), 2)).toBe('Up');
  });

  it('is replaced later each time, up to five seconds, and at once again after one has answered', async () => {
    const clock = createFakeClock();
    const waits: number[] = [];
    const counting: Clock = {
      ...clock,
      after(delayMs, run) {
        // The other timers of the pool are those of the heartbeat.
        if (run.name === 'replaceThread') waits.push(delayMs);
        return clock.after(delayMs, run);
      },
    };
    const { prober, deaths, all } = startPool({ threadModule, clock: counting });
    for (let count = 1; count <= 8; count += 1) {
      prober.submit([job(count, 'http://poison.example/')]);
      await eventually(`death ${count}`, () => deaths.length === count);
      clock.advance(5_000);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    await eventually('no poison is left', () => {
      if (prober.inFlight() > 0) clock.advance(5_000);
      return prober.inFlight() === 0;
    });
    clock.advance(5_000);
    const before = waits.length;
    prober.submit([job(100, 'http://fine.example/')]);
    expect(stateOf(await all(9), 100)).toBe('Up');
    prober.submit([job(101, 'http://poison.example/')]);
    await eventually('one more death', () => waits.length > before);
    expect(waits[before]).toBe(100);
  });
});

describe('a thread that runs', () => {
  it('is left alone, busy or idle', async () => {
    const target = await site();
    const clock = createFakeClock();
    const { prober, deaths, all } = startPool({ clock });
    prober.submit([job(1, target.url)]);
    await all(1);
    // Far more looks than a silent thread is given, in each of which it has had time for a sign.
    for (let look = 0; look < 15; look += 1) {
      await delay(150);
      clock.advance(1_000);
    }
    prober.submit([job(2, target.url)]);
    expect(stateOf(await all(2), 2)).toBe('Up');
    expect(deaths).toEqual([]);
  });
});

describe('a thread that is stuck', () => {
  it('is ended and replaced, and the job it is stuck with is answered as our own failure', async () => {
    const threadModule = new URL('../../test/kit/stuck-thread.ts', import.meta.url);
    const quick: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / 10, run) };
    const { prober, deaths, all } = startPool({ threadModule, clock: quick });
    prober.submit([job(1, 'http://site.example/')]);
    const [result] = await all(1);
    expect(result?.observation.verdicts[0]).toMatchObject({ state: 'Unknown', reason: 'prober_failed' });
    expect(deaths.map((error) => error.message)).toEqual([
      expect.stringContaining('no sign of life for 10 s'),
      expect.stringContaining('no sign of life for 10 s'),
    ]);
  });
});
