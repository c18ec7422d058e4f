import { describe, expect, it } from 'vitest';
import { historyOn } from '../../test/kit/history.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { EndpointId } from '../domain/ids.ts';
import { EVERY_SITE, scoped } from '../domain/site-scope.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { createRuntime } from './runtime.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TIMINGS = { dns: 1.25, tcp: 2.5, tls: 8.5, sent: 0.25, ttfb: 10.125, headers: 0.5, body: 3.75, total: 27.5 };

async function runtimeAt(nowMs: number) {
  const store = await temporaryStore();
  const time = { nowMs };
  const clock: Clock = { ...systemClock, nowMs: () => time.nowMs };
  return { ...store, time, clock, runtime: createRuntime({ db: store.db, clock }) };
}

function seen(startedAtMs: number, change: Partial<Observation> = {}): Observation {
  const timings = TIMINGS;
  const rest = { certificateExpiresAtMs: null, verdicts: [], evidence: null };
  return { startedAtMs, timings, httpCode: 200, address: '192.0.2.1', ...rest, ...change };
}

const up: Verdict = { check: 'http', state: 'Up', reason: 'ok', summary: 'All is well' };
const blind: Verdict = { check: 'http', state: 'Unknown', reason: 'resolver', summary: 'Our resolver did not answer' };
const down: Verdict = { check: 'http', state: 'Seems Down', reason: 'http_5xx', summary: 'The server answered 500' };

describe('the end of the certificate', () => {
  it('is known as the last look that saw one left it, also after a restart', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    runtime.record(endpoint, seen(1_000, { certificateExpiresAtMs: 2_000_000_000_000 }), up);
    runtime.record(endpoint, seen(2_000), down);
    expect(runtime.latest(endpoint.endpointId)?.certificateExpiresAtMs).toBe(2_000_000_000_000);
    await runtime.flush();
    const restarted = createRuntime({ db, clock });
    await restarted.load();
    expect(restarted.latest(endpoint.endpointId)?.certificateExpiresAtMs).toBe(2_000_000_000_000);
  });
});

describe('an endpoint', () => {
  it('that is well without TLS has no certificate, whatever was seen before', async () => {
    const { runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    runtime.record(endpoint, seen(1_000, { certificateExpiresAtMs: 2_000_000_000_000 }), up);
    runtime.record(endpoint, seen(2_000), up);
    expect(runtime.latest(endpoint.endpointId)?.certificateExpiresAtMs).toBeNull();
  });

  it('that is forgotten counts as never checked until the next look, and that is written', async () => {
    const { runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    runtime.record(endpoint, seen(1_000), up);
    runtime.forget(endpoint.endpointId);
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
    expect(await runtime.flush()).toBe(0);
    runtime.record(endpoint, seen(2_000), up);
    expect(await runtime.flush()).toBe(1);
  });
});

describe('whether an endpoint was served', () => {
  it('is told of the looks before the last one, since it is watched', async () => {
    const { runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    const found = (...verdicts: Verdict[]) => {
      for (const verdict of verdicts) runtime.record(endpoint, seen(1_000), verdict);
      return runtime.wasServed(endpoint.endpointId);
    };
    expect(runtime.wasServed(endpoint.endpointId)).toBe(false);
    expect(found(down)).toBe(false);
    expect(found(down, blind)).toBe(false);
    expect(found(up)).toBe(false);
    expect(found(blind)).toBe(true);
    expect(found(down, down)).toBe(true);
    runtime.begin(endpoint.endpointId);
    expect(found(down)).toBe(false);
    expect(found(up, down)).toBe(true);
    expect(found(up)).toBe(true);
    runtime.begin(endpoint.endpointId);
    expect(found(down, down)).toBe(false);
    runtime.forget(endpoint.endpointId);
    expect(found(down)).toBe(false);
  });
});

describe('the latest result', () => {
  it('is there at once, and after a restart once it was flushed', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
    runtime.record(endpoint, seen(1_000), up);
    const latest = runtime.latest(endpoint.endpointId);
    expect(latest).toEqual({
      state: 'Up',
      reason: 'ok',
      summary: 'All is well',
      httpCode: 200,
      address: '192.0.2.1',
      certificateExpiresAtMs: null,
      timings: TIMINGS,
      checkedAtMs: 1_000,
    });
    expect(await runtime.flush()).toBe(1);
    const after = createRuntime({ db, clock });
    await after.load();
    expect(after.latest(endpoint.endpointId)).toEqual(latest);
    expect(await after.flush()).toBe(0);
  });

  it('has no time for what was not measured, not even for the whole', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoints = [await addEndpoint(), await addEndpoint()] as const;
    runtime.record(endpoints[0], seen(1_000, { timings: { tcp: 0 } }), down);
    runtime.record(endpoints[1], seen(1_000, { timings: {} }), down);
    await runtime.flush();
    const after = createRuntime({ db, clock });
    await after.load();
    expect(endpoints.map(({ endpointId }) => after.latest(endpointId)?.timings)).toEqual([{ tcp: 0 }, {}]);
  });

  it('is written when it is new, when it changed, and when the written one is old', async () => {
    const { time, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    const turn = async (nowMs: number, verdict: Verdict) => {
      time.nowMs = nowMs;
      runtime.record(endpoint, seen(nowMs), verdict);
      return runtime.flush();
    };
    expect(await turn(1_000, up)).toBe(1);
    expect(await turn(1_000 + MINUTE, up)).toBe(0);
    expect(await turn(1_000 + 2 * MINUTE, down)).toBe(1);
    expect(await turn(1_000 + 3 * MINUTE, { ...down, reason: 'tcp_refused' })).toBe(1);
    const same = { ...down, reason: 'tcp_refused' };
    for (let look = 1; look <= 23; look++) expect(await turn(1_000 + (3 + look) * MINUTE, same)).toBe(0);
    expect(await turn(1_000 + 3 * MINUTE + 6 * HOUR - 1, same)).toBe(0);
    expect(await turn(1_000 + 3 * MINUTE + 6 * HOUR, same)).toBe(1);
  });

  it('that is looked at seldom is written again once in 24 looks', async () => {
    const { time, runtime, addEndpoint } = await runtimeAt(0);
    const endpoint = await addEndpoint();
    const written: number[] = [];
    for (let look = 0; look <= 48; look++) {
      time.nowMs = look * HOUR;
      runtime.record(endpoint, seen(time.nowMs), up);
      if ((await runtime.flush()) > 0) written.push(look);
    }
    expect(written).toEqual([0, 24, 48]);
  });

  it('is as fresh after a restart as the journal of history, where that is newer and the site was well', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const [well, failing, ahead] = [await addEndpoint(), await addEndpoint(), await addEndpoint()];
    runtime.record(well, seen(1_000), up);
    runtime.record(failing, seen(1_000), down);
    runtime.record(ahead, seen(90_000), up);
    await runtime.flush();
    const history = historyOn(db);
    for (const { endpointId, siteId } of [well, failing, ahead]) {
      for (const atMs of [30_000, 61_000]) {
        history.add({ endpointId, siteId, atMs, httpCode: 204, timings: { total: 20, ttfb: 10 } });
        await history.flush();
      }
    }
    const after = createRuntime({ db, clock, history });
    await after.load();
    const fresh = { checkedAtMs: 61_000, httpCode: 204, timings: { total: 20, ttfb: 10 } };
    expect(after.latest(well.endpointId)).toMatchObject({ ...fresh, state: 'Up', address: '192.0.2.1' });
    expect(after.latest(failing.endpointId)).toMatchObject({ checkedAtMs: 1_000, timings: TIMINGS });
    expect(after.latest(ahead.endpointId)).toMatchObject({ checkedAtMs: 90_000 });
    expect(await after.flush()).toBe(0);
  });

  it('stays due when it could not be written', async () => {
    const { db, runtime, addEndpoint } = await runtimeAt(1_000);
    runtime.record(await addEndpoint(), seen(1_000), up);
    await db.kysely.schema.alterTable('jetmon_endpoint_runtime').renameTo('away').execute();
    await expect(runtime.flush()).rejects.toThrow();
    await db.kysely.schema.alterTable('away').renameTo('jetmon_endpoint_runtime').execute();
    expect(await runtime.flush()).toBe(1);
  });

  it('that comes in while an older one is being written is written next', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    runtime.record(endpoint, seen(1_000), up);
    const flushing = runtime.flush();
    await Promise.resolve();
    runtime.record(endpoint, seen(2_000), down);
    const written = [await flushing, await runtime.flush()];
    expect(written).toEqual([1, 1]);
    const after = createRuntime({ db, clock });
    await after.load();
    expect(after.latest(endpoint.endpointId)).toMatchObject({ state: 'Seems Down', checkedAtMs: 2_000 });
  });

  it('of a whole fleet goes out in one flush', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const { siteId } = await addEndpoint();
    const endpoints = Array.from({ length: 2_345 }, (_, index) => ({
      siteId,
      endpointId: scoped(EVERY_SITE, BigInt(index + 1) as EndpointId),
    }));
    for (const endpoint of endpoints) runtime.record(endpoint, seen(1_000), up);
    expect(await runtime.flush()).toBe(2_345);
    const after = createRuntime({ db, clock });
    await after.load();
    expect(endpoints.every(({ endpointId }) => after.latest(endpointId) !== null)).toBe(true);
  });

  it('and the confirmation of a failure leave each other alone in the row they share', async () => {
    const { db, clock, runtime, events, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    const opening = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await events.append(appendTo(endpoint, [opening], { failing: { sinceMs: 1_000, attempts: 1 } }));
    const before = createRuntime({ db, clock });
    await before.load();
    expect(before.latest(endpoint.endpointId)).toBeNull();
    runtime.record(endpoint, seen(1_000), down);
    await runtime.flush();
    const incidents = await events.openIncidentsOf(endpoint.endpointId);
    expect(incidents.get('http')?.failing).toEqual({ sinceMs: 1_000, attempts: 1 });
    await events.append(appendTo(endpoint, [], { failing: { sinceMs: 1_000, attempts: 2 } }));
    const after = createRuntime({ db, clock });
    await after.load();
    expect(after.latest(endpoint.endpointId)).toMatchObject({ reason: 'http_5xx' });
  });

  it('is cut to what its columns hold', async () => {
    const { db, clock, runtime, addEndpoint } = await runtimeAt(1_000);
    const endpoint = await addEndpoint();
    runtime.record(endpoint, seen(1_000), { ...down, summary: `${'x'.repeat(1_023)}\u{1F600}` });
    await runtime.flush();
    const after = createRuntime({ db, clock });
    await after.load();
    expect(after.latest(endpoint.endpointId)?.summary).toHaveLength(1_024);
  });
});
