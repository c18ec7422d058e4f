/** Late results and refused writes: what must not be lost, doubled or written when things cross. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { failing, gatedStore, up, watchingEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { historyOn } from '../../test/kit/history.ts';
import { countStatements, temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { createEvents } from '../store/events.ts';

const MINUTE = 60_000;

describe('a job', () => {
  it('carries the URL and the time the endpoint may take, and asks for evidence of trouble alone', async () => {
    const { run, onlyJob, endpoint } = await watchingEngine();
    await run(100);
    expect(onlyJob()).toMatchObject({ url: endpoint.url, timeoutMs: 10_000, evidence: 'unless_healthy' });
  });

  it('takes the time-out of its endpoint over that of the server', async () => {
    const { run, onlyJob, endpoint, store, changed } = await watchingEngine();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { timeoutSeconds: 3 });
    await changed(endpoint);
    await run(100);
    expect(onlyJob().timeoutMs).toBe(3_000);
  });

  it('has a number of its own', async () => {
    const { run, prober } = await watchingEngine();
    prober.script(up);
    await run(5 * MINUTE);
    expect(new Set(prober.jobs.map(({ job }) => job.id)).size).toBe(prober.jobs.length);
  });
});

describe('a healthy endpoint with nothing open', () => {
  it('costs no append and no statement of its own: it is history, which is written for many at once', async () => {
    const plain = await temporaryStore();
    const counted = countStatements(plain.db);
    const store = { ...plain, db: counted.db, events: createEvents({ db: counted.db, changes: plain.changes }) };
    const history = historyOn(plain.db);
    const { prober, run, opIds, endpoint, clock } = await watchingEngine({ store, parts: { history } });
    prober.script(up);
    await run(10_000);
    expect(counted.sent()).not.toEqual([]);
    counted.reset();
    await run(10 * MINUTE);
    expect(prober.jobs.length).toBeGreaterThanOrEqual(10);
    expect(counted.sent()).toEqual([]);
    expect(opIds).toEqual([]);
    const looks = await history.samples(endpoint.endpointId, 0, clock.nowMs(), 100);
    expect(looks.map(({ atMs }) => atMs)).toEqual(prober.jobs.map(({ wallMs }) => wallMs).reverse());
    expect(history.stats().pending).toBeLessThan(looks.length);
  });

  it('is history with an advisory too, and not while it fails or nobody can tell', async () => {
    const { prober, run, endpoint, history, clock } = await watchingEngine();
    const looks = async () => (await history.samples(endpoint.endpointId, 0, clock.nowMs(), 100)).length;
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    await run(200);
    expect(await looks()).toBe(1);
    prober.script(() => [verdict('Unknown')]);
    await run(2 * MINUTE);
    prober.script(failing);
    await run(2 * MINUTE);
    expect(prober.jobs.length).toBeGreaterThan(4);
    expect(await looks()).toBe(1);
  });
});

describe('a result that comes late', () => {
  it('is dropped when the endpoint was changed meanwhile, and the change is looked at at once', async () => {
    const { run, prober, onlyJob, endpoint, store, changed, allEvents, runtime } = await watchingEngine();
    await run(100);
    const stale = onlyJob();
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { url: 'https://moved.example/' });
    await changed(endpoint);
    await run(100);
    expect(prober.jobs.map(({ job }) => job.url)).toEqual([endpoint.url, 'https://moved.example/']);
    prober.answer(stale.id, failing());
    await run(200);
    expect(await allEvents()).toEqual([]);
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
    prober.answer(onlyJob().id, up());
    expect(runtime.latest(endpoint.endpointId)?.state).toBe('Up');
  });

  it('after a pause is dropped, and the endpoint is never looked at again', async () => {
    const { run, prober, onlyJob, pause, allEvents, engine } = await watchingEngine();
    await run(100);
    const { id } = onlyJob();
    await pause();
    prober.answer(id, failing());
    await run(3 * MINUTE);
    expect(await allEvents()).toEqual([]);
    expect(prober.jobs).toHaveLength(1);
    expect(engine.watched()).toBe(0);
  });

  it('is dropped when the prober answers a job twice', async () => {
    const { run, prober, onlyJob, opIds } = await watchingEngine();
    await run(100);
    const { id } = onlyJob();
    prober.answer(id, failing());
    prober.answer(id, failing());
    await run(200);
    expect(opIds).toHaveLength(1);
  });
});

describe('an advisory', () => {
  it('is closed by a healthy look in which its check has nothing to say any more', async () => {
    const { prober, run, open, allEvents } = await watchingEngine();
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    await run(200);
    expect((await open()).size).toBe(1);
    prober.script(failing);
    await run(MINUTE);
    expect((await open()).size).toBe(1);
    prober.script(() => [verdict('Up')]);
    await run(MINUTE);
    expect((await open()).size).toBe(0);
    expect(await allEvents()).toHaveLength(2);
  });

  it('is closed by silence although another advisory stands', async () => {
    const { prober, run, open, endpoint } = await watchingEngine();
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry'), verdict('Warning', 'redirect_downgrade')]);
    await run(200);
    prober.script(() => [verdict('Up'), verdict('Warning', 'tls_expiry')]);
    await run(MINUTE);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['tls_expiry', 'Warning']]));
  });
});

describe('a write', () => {
  it('that is out when the endpoint is changed is known to the one that takes its place: its recovery is told', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, changed, quiet, endpoint, open } = await watchingEngine({ store });
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    prober.script(up);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { intervalSeconds: 120 });
    await changed(endpoint);
    written.resolve();
    gate.before = async () => {};
    await quiet();
    await run(5 * MINUTE);
    expect((await open()).size).toBe(0);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('that is out when the endpoint is paused does not arm it again', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, pause, quiet } = await watchingEngine({ store });
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(200);
    await pause();
    written.resolve();
    await quiet();
    await run(3 * MINUTE);
    expect(prober.jobs).toHaveLength(1);
  });

  it('is not begun for a second check when the endpoint was paused during the first', async () => {
    const { store, gate, appends } = await gatedStore();
    const { prober, run, pause, quiet } = await watchingEngine({ store });
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(() => [verdict('Seems Down'), verdict('Warning', 'tls_expiry')]);
    await run(200);
    await pause();
    written.resolve();
    await quiet();
    expect(appends.map(({ identity }) => identity.checkType)).toEqual(['http']);
  });

  it('that takes long holds the next look back, whatever the wall clock does meanwhile', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, clock } = await watchingEngine({ store });
    const written = Promise.withResolvers<void>();
    gate.before = () => written.promise;
    prober.script(failing);
    await run(1_000);
    clock.jumpWall(-86_400_000);
    expect(prober.jobs).toHaveLength(1);
    written.resolve();
    await run(1_500);
    expect(prober.jobs).toHaveLength(2);
  });

  it('that is refused leaves the log untouched, and the outage is found again 5 s later', async () => {
    const { store, gate, appends } = await gatedStore();
    const { prober, run, allEvents, open, endpoint } = await watchingEngine({ store });
    gate.before = async () => {
      if (appends.length === 1) throw new Error('the disk is full');
    };
    prober.script(failing);
    await run(4_900);
    expect(prober.jobs).toHaveLength(1);
    expect(await allEvents()).toEqual([]);
    await run(400);
    expect(prober.jobs).toHaveLength(2);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['http', 'Seems Down']]));
    expect(appends.map(({ failing }) => failing?.attempts)).toEqual([1, 1]);
    expect(new Set(appends.map(({ opId }) => opId)).size).toBe(2);
    await run(6_000);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['http', 'Down']]));
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('whose outcome is not known is not forgotten: what was committed after all is closed by the next good look', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, open, allEvents } = await watchingEngine({ store });
    gate.after = async () => {
      gate.after = async () => {};
      throw new Error('the connection was lost during the commit');
    };
    prober.script(failing);
    await run(200);
    expect((await open()).size).toBe(1);
    prober.script(up);
    await run(6_000);
    expect((await open()).size).toBe(0);
    expect(await allEvents()).toHaveLength(1);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('that is refused for one check keeps what was written for the other', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, open, endpoint } = await watchingEngine({ store });
    let refused = false;
    gate.before = async ({ identity }) => {
      if (identity.checkType !== 'tls_expiry' || refused) return;
      refused = true;
      throw new Error('the disk is full');
    };
    prober.script(() => [verdict('Degraded'), verdict('Warning', 'tls_expiry')]);
    await run(200);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['http', 'Degraded']]));
    await run(5_200);
    const both = new Map([
      ['http', 'Degraded'],
      ['tls_expiry', 'Warning'],
    ]);
    expect((await open()).get(endpoint.endpointId)).toEqual(both);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });

  it('that is refused while an outage ends leaves it open until the next look', async () => {
    const { store, gate } = await gatedStore();
    const { prober, run, open } = await watchingEngine({ store });
    prober.script(failing);
    await run(200);
    gate.before = async () => {
      gate.before = async () => {};
      throw new Error('the disk is full');
    };
    prober.script(up);
    await run(2_000);
    expect((await open()).size).toBe(1);
    await run(5_200);
    expect((await open()).size).toBe(0);
    expect(await brokenInvariants(store.db)).toEqual([]);
  });
});
