/** What the engine does about changes from outside, and how it ends. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { failing, gatedStore, testEngine, up, watchingEngine } from '../../test/kit/engine.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';

const MINUTE = 60_000;

describe('a change of a site', () => {
  it('is looked at at once, in the middle of a round', async () => {
    const { run, prober, changed, endpoint } = await watchingEngine();
    prober.script(up);
    await run(MINUTE + 500);
    const before = prober.jobs.length;
    await changed(endpoint);
    await run(150);
    expect(prober.jobs).toHaveLength(before + 1);
  });

  it('to another URL forgets what was seen under the old one, until it has looked', async () => {
    const { store, run, prober, changed, runtime, endpoint } = await watchingEngine();
    prober.script(up);
    await run(200);
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Up');
    prober.script(() => null);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { url: 'https://elsewhere.example/' });
    await changed(endpoint);
    await run(200);
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
  });

  it('keeps what is open, with the count of its attempts', async () => {
    const { store, appends } = await gatedStore();
    const { run, prober, changed, endpoint } = await watchingEngine({ store });
    prober.script(failing);
    await run(200);
    await changed(endpoint);
    await run(200);
    expect(appends.map(({ failing }) => failing?.attempts)).toEqual([1, 2]);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('that comes while the engine reads its first endpoints is not lost', async () => {
    const store = await temporaryStore();
    const late: { url: string }[] = [];
    const fleetRows: typeof store.fleetRows = {
      ...store.fleetRows,
      async page(after, limit) {
        const read = await store.fleetRows.page(after, limit);
        const { siteId, endpointId, url } = await store.addEndpoint();
        store.changes.publish({ kind: 'site_changed', siteId, endpointIds: [endpointId], change: 'created' });
        late.push({ url });
        return read;
      },
    };
    const { engine, prober, run } = await testEngine({ store: { ...store, fleetRows } });
    await engine.start();
    await run(200);
    expect(prober.jobs.map(({ job }) => job.url)).toEqual(late.map(({ url }) => url));
    expect(engine.watched()).toBe(1);
  });

  it('that cannot be read is read again soon, and costs the other changes nothing', async () => {
    const store = await temporaryStore();
    let refusals = 2;
    const endpoints: typeof store.endpoints = {
      ...store.endpoints,
      async byId(scope, endpointId) {
        if (refusals-- > 0) throw new Error('the database is locked');
        return store.endpoints.byId(scope, endpointId);
      },
    };
    const { engine, prober, run } = await testEngine({ store: { ...store, endpoints } });
    const first = await store.addEndpoint();
    const others = [await store.addEndpoint(), await store.addEndpoint()];
    prober.script(up);
    await engine.start();
    await run(100);
    const endpointIds = [first, ...others].map(({ endpointId }) => endpointId);
    store.changes.publish({ kind: 'site_changed', siteId: first.siteId, endpointIds, change: 'updated' });
    await run(200);
    expect(engine.watched()).toBe(1);
    await run(10_000);
    expect(engine.watched()).toBe(3);
  });
});

describe('stopping', () => {
  it('drops what is out without recording it, and writes the freshness of what was seen', async () => {
    const { store, engine, prober, run, clock, runtime, allEvents, endpoint } = await watchingEngine();
    const other = await store.addEndpoint();
    store.changes.publish({
      kind: 'site_changed',
      siteId: other.siteId,
      endpointIds: [other.endpointId],
      change: 'created',
    });
    await run(100);
    prober.script((job) => (job.url === other.url ? up() : null));
    const jobOf = (url: string) => prober.out().find((job) => job.url === url)?.id ?? 0;
    prober.answer(jobOf(other.url), up());
    const late = jobOf(endpoint.url);
    await engine.stop();
    prober.answer(late, failing());
    clock.advance(10 * MINUTE);
    expect(await allEvents()).toEqual([]);
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
    const next = await testEngine({ store, clock });
    await next.runtime.load();
    expect(next.runtime.latest(other.endpointId)?.state).toBe('Up');
    expect(next.runtime.latest(endpoint.endpointId)).toBeNull();
  });

  it('records what comes back while it waits for it, and waits no longer than two seconds', async () => {
    const { engine, prober, run, clock, runtime, allEvents, endpoint, onlyJob } = await watchingEngine();
    const other = await watchingEngine();
    const drained = Promise.withResolvers<void>();
    for (const bench of [prober, other.prober]) {
      bench.script(() => null);
      bench.drain = () => drained.promise;
    }
    await run(100);
    await other.run(100);
    const stopping = engine.stop();
    prober.answer(onlyJob().id, failing());
    clock.advance(2_000);
    await stopping;
    expect((await allEvents()).map(({ state }) => state)).toEqual(['Seems Down']);
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Seems Down');
    let stopped = false;
    const stoppingOther = other.engine.stop().then(() => {
      stopped = true;
    });
    other.clock.advance(1_999);
    await other.quiet();
    expect(stopped).toBe(false);
    other.clock.advance(1);
    await stoppingOther;
    expect(await other.allEvents()).toEqual([]);
    // For the second stop, at the end of every test.
    drained.resolve();
  });

  it('waits for what is being written', async () => {
    const { store, gate } = await gatedStore();
    const { engine, prober, run, allEvents, quiet } = await watchingEngine({ store });
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    let stopped = false;
    const stopping = engine.stop().then(() => {
      stopped = true;
    });
    await quiet();
    expect(stopped).toBe(false);
    written.resolve();
    await stopping;
    expect((await allEvents()).map(({ state }) => state)).toEqual(['Seems Down']);
  });

  it('ends although freshness cannot be written', async () => {
    const store = await temporaryStore();
    const bench = await testEngine({ store });
    const flush = () => Promise.reject(new Error('the disk is full'));
    const stubborn = await testEngine({ store, clock: bench.clock, parts: { runtime: { ...bench.runtime, flush } } });
    await stubborn.engine.start();
    await stubborn.run(11_000);
    await expect(stubborn.engine.stop()).resolves.toBeUndefined();
  });
});
