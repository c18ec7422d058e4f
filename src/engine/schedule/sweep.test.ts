/** What other programs change in the registry without telling anybody. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { failing, testEngine, up } from '../../../test/kit/engine.ts';
import { temporaryStore } from '../../../test/kit/store.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createFleetRows } from '../../store/fleet-rows.ts';
import { LEGACY_TABLE } from '../../store/legacy.ts';

const MINUTE = 60_000;
const SWEEP = { reloadEveryMs: 300_000 };

async function sweeping(store?: Awaited<ReturnType<typeof temporaryStore>>) {
  const bench = await testEngine(store === undefined ? { parts: SWEEP } : { parts: SWEEP, store });
  const endpoint = await bench.store.addEndpoint({ url: 'https://a.example/' });
  bench.prober.script(up);
  await bench.engine.start();
  await bench.run(200);
  const looksAt = (url: string) => bench.prober.jobs.filter(({ job }) => job.url === url).length;
  return { ...bench, endpoint, looksAt };
}

describe('the sweep', () => {
  it('finds an endpoint that was added, and one that was paused, within seconds', async () => {
    const { store, engine, endpoint, run, looksAt } = await sweeping();
    await store.addEndpoint({ url: 'https://b.example/' });
    await run(11_000);
    expect(engine.watched()).toBe(2);
    expect(looksAt('https://b.example/')).toBe(1);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
    await run(11_000);
    expect(engine.watched()).toBe(1);
    const looks = looksAt('https://a.example/');
    await run(3 * MINUTE);
    expect(looksAt('https://a.example/')).toBe(looks);
    expect(looksAt('https://b.example/')).toBeGreaterThanOrEqual(3);
  });

  it('follows another URL, interval and time-out, and forgets what was seen under another URL', async () => {
    const { store, endpoint, run, prober, runtime, looksAt } = await sweeping();
    prober.script(() => null);
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { url: 'https://moved.example/', timeoutSeconds: 3 });
    await run(11_000);
    expect(looksAt('https://moved.example/')).toBe(1);
    expect(prober.out().at(-1)).toMatchObject({ timeoutMs: 3_000 });
    expect(runtime.latest(endpoint.endpointId)).toBeNull();
  });

  it('finds that a row is gone', async () => {
    const { store, engine, endpoint, run } = await sweeping();
    const other = await store.addEndpoint();
    await run(11_000);
    expect(engine.watched()).toBe(2);
    await deleteRow(store, other.endpointId);
    await run(22_000);
    expect(engine.watched()).toBe(1);
    expect(await store.endpoints.byId(EVERY_SITE, endpoint.endpointId)).not.toBeNull();
  });

  it('leaves alone what has not changed', async () => {
    const { run, prober, store, engine } = await sweeping();
    await run(MINUTE);
    const looks = prober.jobs.length;
    await run(5 * MINUTE);
    expect(prober.jobs.length - looks).toBeLessThanOrEqual(5);
    expect(engine.watched()).toBe(1);
    expect(await store.queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
  });

  it('keeps what is open on an endpoint that it reads anew', async () => {
    const { store, endpoint, run, prober, open } = await sweeping();
    prober.script(failing);
    await run(2 * MINUTE);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['http', 'Down']]));
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { intervalSeconds: 600 });
    await run(20_000);
    expect((await open()).get(endpoint.endpointId)).toEqual(new Map([['http', 'Down']]));
    prober.script(up);
    await run(MINUTE);
    expect((await open()).size).toBe(0);
  });

  it('goes on when the registry could not be read', async () => {
    const store = await temporaryStore();
    const rows = createFleetRows(store.db);
    let isAway = false;
    const fleetRows: typeof rows = {
      ...rows,
      page: (after, limit) => (isAway ? Promise.reject(new Error('the database is away')) : rows.page(after, limit)),
    };
    const { engine, run, metrics } = await sweeping({ ...store, fleetRows });
    isAway = true;
    await store.addEndpoint();
    await run(MINUTE);
    expect(engine.watched()).toBe(1);
    expect(metrics.read().find(({ name }) => name === 'registry_unread')?.series).toMatchObject([{ value: 6 }]);
    isAway = false;
    await run(11_000);
    expect(engine.watched()).toBe(2);
  });
});

/** No service removes a row; a program that shares the table may. */
async function deleteRow({ db }: Awaited<ReturnType<typeof temporaryStore>>, endpointId: bigint): Promise<void> {
  const table = sql.table(LEGACY_TABLE);
  const key = sql.ref('jetpack_monitor_site_id');
  await sql`delete from ${table} where ${key} = ${endpointId}`.execute(db.kysely);
}
